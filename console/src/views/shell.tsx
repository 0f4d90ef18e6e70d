// What is around every view: the way to the contents, the bar at the top, the state of the connection,
// messages, and the end of a session that nobody uses.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ConsoleConfig } from '../api/types';
import { chooseLanguage, language, LANGUAGES, words, type Language } from '../i18n';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Said, titleOf } from '../parts/notice';
import { address, route } from '../router';
import { connection, nextTry, tryNow } from '../state/connection';
import { dismiss, message } from '../state/message';
import { idleSeconds, session, signOut, touch } from '../state/session';
import { chooseTheme, theme, THEMES, type Theme } from '../state/theme';

function Choice<T extends string>({ label, value, choices, onChoose }:
  { label: string; value: T; choices: readonly { id: T; name: string }[]; onChoose: (id: T) => void }) {
  return (
    <select class="choice" aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value as T)}>
      {choices.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
    </select>
  );
}

function Navigation() {
  const w = words();
  const area = route.value.path[0] ?? 'instances';
  const links = [['instances', w.nav.instances], ['webhooks', w.nav.webhooks]] as const;
  return (
    <nav class="top-nav" aria-label={w.nav.label}>
      {links.map(([id, name]) => (
        <a key={id} href={address([id])} aria-current={area === id ? (route.value.path.length > 1 ? 'true' : 'page') : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}

function TopBar() {
  const w = words();
  const who = session.value;
  return (
    <header class={who === undefined ? 'top' : 'top signed'}>
      <div class="top-inner">
        <a class="brand" href={address([])}>
          <span class="brand-mark" aria-hidden="true" />
          <span class="brand-text">{w.product}</span>
        </a>
        {who !== undefined && <Navigation />}
        <div class="top-end">
          {who !== undefined && <span class="project" title={who.projectId}><bdi>{who.projectName}</bdi></span>}
          <Choice<Language> label={w.languageLabel} value={language.value} choices={LANGUAGES} onChoose={chooseLanguage} />
          <Choice<Theme>
            label={w.themeLabel} value={theme.value} onChoose={chooseTheme}
            choices={THEMES.map((id) => ({ id, name: w.theme[id] }))}
          />
          {who !== undefined && <Button small look="quiet" onPress={() => signOut()}>{w.signOut}</Button>}
        </div>
      </div>
    </header>
  );
}

// An address of another scheme than these would be run, or be somebody else's.
const isAddress = (text: string | undefined): text is string => text !== undefined && /^(https:\/\/|\/(?!\/))/.test(text);

function Foot({ config: { version, documentation } }: { config: ConsoleConfig }) {
  const w = words();
  return (
    <footer class="foot">
      <span>{w.product} {version}</span>
      {isAddress(documentation) && <a href={documentation} rel="noreferrer">{w.nav.documentation}</a>}
    </footer>
  );
}

/** Seconds until then, counted down while shown. */
function useCountdown(until: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.ceil((until - now) / 1000));
}

function Gone() {
  const w = words().connection;
  const seconds = useCountdown(nextTry.value);
  return (
    <div class="banner bad">
      <span role="alert"><strong>{w.gone}</strong> {w.goneText}</span>
      <span class="number">{seconds > 0 ? w.nextTry(seconds) : w.trying}</span>
      <Button small onPress={tryNow}>{w.tryNow}</Button>
    </div>
  );
}

function ConnectionBanner() {
  const w = words().connection;
  if (connection.value === 'gone') return <Gone />;
  if (connection.value === 'back') return <div class="banner good" role="status">{w.back}</div>;
  return null;
}

function Idle() {
  const w = words();
  const seconds = idleSeconds.value;
  if (seconds === undefined) return null;
  return (
    <Dialog title={w.idle.title} onClose={touch}>
      <p>{w.idle.text(seconds)}</p>
      <div class="actions end">
        <Button onPress={() => signOut()}>{w.signOut}</Button>
        <Button look="primary" onPress={touch}>{w.idle.stay}</Button>
      </div>
    </Dialog>
  );
}

function Messages() {
  const shown = message.value;
  return (
    <div class="messages" role="status" aria-live="polite">
      {shown !== undefined && (
        <div class={`message ${shown.tone}`}>
          {shown.error === undefined ? shown.text : (
            <>
              <strong>{shown.text}: {titleOf(shown.error)}</strong>
              <Said error={shown.error} />
              <Button small onPress={dismiss}>{words().close}</Button>
            </>
          )}
        </div>
      )}
    </div>
  );
}

export function Shell({ config, children }: { config: ConsoleConfig | undefined; children: ComponentChildren }) {
  const w = words();
  // A plain link to #main would change the address, which is the router's.
  const skip = (event: Event): void => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{w.skip}</a>
      <TopBar />
      <ConnectionBanner />
      <main id="main" class="main" tabIndex={-1}>{children}</main>
      {config !== undefined && <Foot config={config} />}
      <Messages />
      <Idle />
    </>
  );
}
