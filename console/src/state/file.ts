// Saving what the service sends: read by a signed request, handed to the browser as a file.

// Only what a name may hold on every system; the rest would be the server's to choose.
const nameOf = (response: Response, otherwise: string): string => {
  const said = /filename="?([^";]+)"?/i.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? otherwise;
  return said.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '').slice(0, 120) || otherwise;
};

export async function save(response: Response, otherwise: string): Promise<void> {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = nameOf(response, otherwise);
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads it after the click; a minute is enough even to ask where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
