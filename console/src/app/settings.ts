/** What the server says about itself in the page that it sends (context_api/http/console.py). */

export interface ConsoleSettings {
  /** A base map of raster tiles, `https://…/{z}/{x}/{y}.png`. Without it, the town's outline. */
  readonly tiles?: { readonly url: string; readonly attribution: string; readonly maxzoom: number };
  /** On which terms the town's data may be used. */
  readonly licence?: { readonly name: string; readonly url?: string; readonly attribution?: string };
  readonly version?: string;
}

function read(): ConsoleSettings {
  const content = document.querySelector('meta[name="machi:settings"]')?.getAttribute("content");
  try {
    return JSON.parse(content ?? "{}") as ConsoleSettings;
  } catch {
    return {};
  }
}

export const SETTINGS = read();
