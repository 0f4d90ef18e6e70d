import { words } from './i18n';

export function App() {
  return <main>{words().product}</main>;
}
