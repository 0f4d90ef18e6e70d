// Debian's Chromium, without a window, driven by Playwright's library; gone with its profile however the caller ends.
//
//   const browser = await Browser.start({ trusted: [world.certificates.certificate] });
//   const page = await browser.page({ width: 1280, height: 800 });
//   await page.goto(`https://127.0.0.1:${site.port}/docs`);
//   await browser.stop();

import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { DEADLINE_MS } from './wait.mjs';

const PROGRAM = process.env.DCS_CHROMIUM ?? '/usr/bin/chromium';

// Nothing is asked of anybody but the page's own server; what a container has little of is not used.
const ARGUMENTS = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
  '--disable-default-apps', '--disable-dev-shm-usage', '--hide-scrollbars', '--no-proxy-server'];

export const isInstalled = () => existsSync(PROGRAM);

// Chromium compares the keys of the certificates that a server sends with a list of hashes.
const keyHash = (file) => createHash('sha256').update(new X509Certificate(readFileSync(file)).publicKey
  .export({ type: 'spki', format: 'der' })).digest('base64');

export class Browser {
  // trusted: PEM files of servers' certificates that are taken though no authority of the machine's signed them; insecure:
  // any certificate is.
  static async start({ trusted = [], insecure = false, args = [] } = {}) {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), 'dcs-browser-'));
    browser.forget = () => rmSync(browser.profile, { recursive: true, force: true, maxRetries: 5 });
    process.once('exit', browser.forget);
    try {
      // Playwright ends it with this process, by whichever signal that ends.
      browser.context = await chromium.launchPersistentContext(browser.profile, {
        executablePath: PROGRAM, headless: true, timeout: DEADLINE_MS, ignoreHTTPSErrors: insecure, viewport: null,
        // Its sandbox is not for root.
        chromiumSandbox: process.getuid() !== 0,
        args: [...ARGUMENTS, ...(trusted.length ? [`--ignore-certificate-errors-spki-list=${trusted.map(keyHash)}`] : []), ...args],
      });
    } catch (error) {
      await browser.stop();
      throw error;
    }
    return browser;
  }

  // A page whose errors (exceptions, and what it writes to the console as one) are in `page.problems`.
  async page({ width = 1280, height = 800 } = {}) {
    const page = await this.context.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    await page.setViewportSize({ width, height });
    page.problems = [];
    page.on('pageerror', (error) => page.problems.push(String(error)));
    page.on('console', (message) => { if (message.type() === 'error') page.problems.push(message.text()); });
    return page;
  }

  async stop() {
    try {
      await this.context?.close();
    } finally {
      process.off('exit', this.forget);
      this.forget();
    }
  }
}
