// The web console in a browser, as a tenant uses it. Whatever the page must never do is collected while it is used:
// requests to anybody else, dialogs, exceptions, and what the browser itself complains of, violations of the policy too.
//
//   const ui = await Console.open(browser, origin);
//   await ui.signIn(tenant.key);
//   await ui.go('instances', id, 'analyses');
//   assert.deepEqual(ui.problems(), []);

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DEADLINE_MS } from './wait.mjs';

export const DIST = new URL('../../console/dist', import.meta.url).pathname;
const SHOTS = join(process.env.DCS_BUILD ?? '.', 'screenshots', 'console');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const WIDE = { width: 1280, height: 860 };
export const NARROW = { width: 390, height: 780 };

export class Console {
  static async open(browser, origin, { size = WIDE, zone = 'Asia/Shanghai', path = '' } = {}) {
    const ui = new Console();
    ui.origin = origin;
    ui.page = await browser.page(size);
    ui.away = [];
    ui.page.on('request', (request) => {
      if (!request.url().replace(/^blob:/, '').startsWith(`${origin}/`)) ui.away.push(`request to ${request.url()}`);
    });
    ui.page.on('dialog', (dialog) => {
      ui.away.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    ui.devtools = await ui.page.context().newCDPSession(ui.page);
    await ui.devtools.send('Emulation.setTimezoneOverride', { timezoneId: zone });
    await ui.page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'light' });
    await ui.page.goto(`${origin}/console/${path}`);
    await ui.page.waitForSelector('form');
    return ui;
  }

  // What went wrong since it was asked last, but for the complaints that are expected.
  problems(expected = /^$/) {
    const found = [...this.page.problems, ...this.away].filter((text) => !expected.test(text));
    this.page.problems.length = 0;
    this.away.length = 0;
    return found;
  }

  async signIn({ id, secret }) {
    await this.page.locator('form input').nth(0).fill(id);
    await this.page.locator('form input[type=password]').fill(secret);
    await this.page.keyboard.press('Enter');
  }

  // To a page of the console, as by a link; its contents are there when this returns.
  async go(...path) {
    await this.page.evaluate((hash) => new Promise((resolve) => {
      if (location.hash === hash) resolve();
      addEventListener('hashchange', resolve, { once: true });
      location.hash = hash;
    }), `#/${path.join('/')}`);
    await this.settled();
  }

  // Nothing that is loading is left, and what is shown has been drawn.
  async settled() {
    await this.page.evaluate(async (deadlineMs) => {
      const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
      const end = performance.now() + deadlineMs;
      await frame();
      do {
        await frame();
        if (performance.now() > end) throw new Error(`the page is loading still: ${document.body.innerText.slice(0, 200)}`);
      } while (!document.querySelector('h1') || document.querySelector('[aria-busy=true], .loading'));
      await frame();
    }, DEADLINE_MS);
  }

  text(selector = 'main') {
    return this.page.locator(selector).first().innerText();
  }

  button(name, within = this.page) {
    return within.getByRole('button', { name, exact: true });
  }

  section(name) {
    return this.page.getByRole('region', { name, exact: true });
  }

  async look({ size = WIDE, colorScheme = 'light', language = 'en' }) {
    await this.page.setViewportSize(size);
    await this.page.emulateMedia({ reducedMotion: 'reduce', colorScheme });
    await this.page.locator('select.choice').first().selectOption(language);
    await this.settled();
  }

  // Of the accessibility rules: one line for each that is broken.
  async violations() {
    // By way of the debugger, as the page's policy lets no script in.
    await this.devtools.send('Runtime.evaluate', { expression: `window.axe || (${JSON.stringify(AXE)}, 0)` });
    if (!await this.page.evaluate(() => Boolean(window.axe))) await this.devtools.send('Runtime.evaluate', { expression: AXE });
    return this.page.evaluate(async () => {
      const { violations, passes } = await window.axe.run(document, { resultTypes: ['violations'] });
      if (passes.length < 10) throw new Error('axe has looked at nothing');
      return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) =>
        `${html.slice(0, 120)} ${failureSummary.split('\n').slice(1, 3).join(' ')}`).join(' | ')}`);
    });
  }

  // What sticks out of the page to the side.
  overflow() {
    return this.page.evaluate(() => {
      const root = document.documentElement;
      if (root.scrollWidth <= root.clientWidth) return [];
      return [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
        .slice(0, 4).map((one) => `${one.tagName}.${one.className}`).concat('the page scrolls sideways');
    });
  }

  // Kept for people to look at.
  async picture(name, { whole = true } = {}) {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: whole });
  }

  // A file that the page saves when it is pressed: its name and text.
  async download(press) {
    const [file] = await Promise.all([this.page.waitForEvent('download'), press()]);
    return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
  }
}
