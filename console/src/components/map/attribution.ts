/** Whom the map names where there are tiles. */

const GSI_HOST = "cyberjapandata.gsi.go.jp";
const GSI_TILES = "https://maps.gsi.go.jp/development/ichiran.html";
const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What is named is text, as the town wrote it; 国土地理院 asks web pages for a link to its list of tiles. As HTML. */
export function attributionOf(url: string, named: string): string {
  const text = named.replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
  return url.startsWith(`https://${GSI_HOST}/`) ? `<a href="${GSI_TILES}" target="_blank" rel="noreferrer">${text}</a>` : text;
}
