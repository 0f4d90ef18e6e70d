// The overlays that the deploy tests hold to their promises: those of deploy/kubernetes/overlays, and two that have the
// components which none of them has.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { deploy } from './kustomize.mjs';

const kubernetes = join(deploy, 'kubernetes');

function productionWith(...components) {
  const directory = mkdtempSync(join(tmpdir(), 'dcs-overlay-'));
  process.on('exit', () => rmSync(directory, { recursive: true }));
  const path = (name) => relative(directory, join(kubernetes, name));
  writeFileSync(join(directory, 'kustomization.yaml'), `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: dcs
resources: [${path('overlays/production')}]
components: [${components.map((name) => path(`components/${name}`)).join(', ')}]
`);
  return directory;
}

export const overlays = { ...Object.fromEntries(readdirSync(join(kubernetes, 'overlays')).sort()
  .map((name) => [name, join(kubernetes, 'overlays', name)])),
  'production with all': productionWith('keystone', 'traces', 'traces-token'), 'production with webhooks': productionWith('webhooks') };
export const database = join(kubernetes, 'examples/database');
export const smallDatabase = join(kubernetes, 'examples/database-small');
