// The width that a chart has, and when what it is drawn with changed.

import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Width of the element in CSS pixels; 0 before it is laid out. */
export function useWidth(element: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watched = element.current;
    if (watched === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(watched.clientWidth));
    observer.observe(watched);
    setWidth(watched.clientWidth);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** A number that changes with the colours or the density of the screen: what is on a canvas must be drawn anew. */
export function useLook(): number {
  const [look, setLook] = useState(0);
  useEffect(() => {
    const change = (): void => setLook((before) => before + 1);
    const observer = new MutationObserver(change);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', `(resolution: ${devicePixelRatio}dppx)`]
      .map((query) => matchMedia(query));
    for (const query of queries) query.addEventListener('change', change);
    return () => {
      observer.disconnect();
      for (const query of queries) query.removeEventListener('change', change);
    };
  }, []);
  return look;
}
