// The only module that speaks to the server. The key lives in sessionStorage: in this tab, until it is closed.

const STORED = "machi.key";
export const LIMIT = 1000;
const POINTS = 10000;

export class NoKey extends Error {}

// Takes the key out of the address (`/#key=…`), so that it is neither seen nor bookmarked nor sent on.
export function takeKeyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  setKey(key.trim());
  history.replaceState(null, "", location.pathname + location.search);
}

export const getKey = () => sessionStorage.getItem(STORED);
export const setKey = (key) => sessionStorage.setItem(STORED, key);
export const forgetKey = () => sessionStorage.removeItem(STORED);

async function get(path) {
  const key = getKey();
  const headers = { Accept: "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(15000) });
  if (response.status === 401) throw new NoKey();
  if (!response.ok) throw new Error(`${response.status}`);
  return response;
}

// All entities of the town (the first thousand), concise, and how many there are. Not the devices: what they
// measure is what there is to see.
export async function getEntities() {
  const listed = await (await get("/ngsi-ld/v1/types?local=true")).json();
  const types = listed.typeList.filter((type) => type !== "Device");
  if (!types.length) return { entities: [], total: 0 };
  const type = types.map(encodeURIComponent).join(",");
  const response = await get(`/ngsi-ld/v1/entities?local=true&type=${type}&options=concise&limit=${LIMIT}&count=true`);
  const entities = await response.json();
  return { entities, total: Number(response.headers.get("NGSILD-Results-Count")) || entities.length };
}

// The values of one attribute since a time (the latest ten thousand): [[value, milliseconds], …] in order, and
// whether that is all.
export async function getHistory(id, attribute, since) {
  const time = new Date(since).toISOString();
  const query = `attrs=${encodeURIComponent(attribute)}&timerel=after&timeAt=${time}&lastN=${POINTS}&options=temporalValues`;
  const response = await get(`/ngsi-ld/v1/temporal/entities/${encodeURIComponent(id)}?${query}`);
  const series = [(await response.json())[attribute] ?? []].flat();
  const points = series.flatMap((each) => each.values ?? []).map(([value, at]) => [value, Date.parse(at)]);
  points.sort((one, other) => one[1] - other[1]);
  return { points, isPartial: response.status === 206 };
}
