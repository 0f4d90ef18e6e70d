// Lints the API descriptions with the rules of Redocly's linter.  Exit status 1 where it has anything to say.

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

const at = (name) => new URL(`../../openapi/${name}.yaml`, import.meta.url).pathname;
const config = await createConfig({ extends: ['recommended-strict'], rules: RULES });
const problems = (await Promise.all(['dcs-v2', 'ext-v1'].map((name) => lint({ ref: at(name), config })))).flat();
formatProblems(problems, { format: 'codeframe', totals: getTotals(problems), version: '' });
process.exitCode = problems.length ? 1 : 0;
