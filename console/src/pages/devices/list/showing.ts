/** How what a device tells of itself is written. */

import { formatShare } from "../../../format/numbers";
import { showPosition } from "../../../format/units";
import type { Device } from "./asking";

export const NOTHING = "–";

export const showBattery = ({ battery }: Device): string => (typeof battery === "number" ? formatShare(battery) : NOTHING);

export const showSignal = ({ signal }: Device): string => (typeof signal === "number" ? `${signal} dBm` : NOTHING);

export function showPlace(device: Device): string | undefined {
  const coordinates = (device.location as { coordinates?: number[] } | null | undefined)?.coordinates;
  const [longitude, latitude] = coordinates ?? [];
  return longitude === undefined || latitude === undefined ? undefined : showPosition(longitude, latitude);
}
