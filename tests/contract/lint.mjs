// Lints the API description with the rules of Redocly's linter.  Exit status 1 where it has anything to say.

import { createConfig, formatProblems, getTotals, lint } from '@redocly/openapi-core';

const RULES = {
  // The licence is named by its SPDX identifier, and the server's address is the operator's.
  'info-license-url': 'off',
  'info-license-strict': 'off',
  'no-server-example.com': 'off',
  'operation-4xx-response': 'error',
  // The linter's own idea of additional members knows neither if nor then; a test of ours checks the examples.
  'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true },
};

const ref = new URL('../../openapi/dcs-v2.yaml', import.meta.url).pathname;
const config = await createConfig({ extends: ['recommended-strict'], rules: RULES });
const problems = await lint({ ref, config });
formatProblems(problems, { format: 'codeframe', totals: getTotals(problems), version: '' });
process.exitCode = problems.length ? 1 : 0;
