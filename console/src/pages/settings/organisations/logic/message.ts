/** The message that goes to whoever is invited: to be copied into a mail. In both languages, whatever the page's is. */

import { DAY, formatMoment } from "../../../../format/times";

export interface Invited {
  /** How they are called. */
  readonly name: string;
  readonly code: string;
  /** The address of this Machi. */
  readonly origin: string;
  readonly expiresAt: string;
}

/** The page where a code becomes a key; the code stands behind the `#`, which no server sees. */
export const acceptAddress = ({ origin, code }: Invited): string => `${origin}/invitation#${code}`;

export const acceptCommand = ({ origin, code }: Invited): string =>
  `curl -s -H 'Content-Type: application/json' ${origin}/api/v1/invitations/accept -d '{"code": "${code}"}'`;

export function japaneseMessage(invited: Invited): string {
  return `${invited.name} ご担当者さま

まちのデータ (Machi) をご利用いただくための招待です。
${formatMoment(invited.expiresAt)} までに、次のページを開いて鍵を受け取ってください。1 回だけ使えます。

${acceptAddress(invited)}

プログラムから受け取るときは、次のコマンドも使えます。

${acceptCommand(invited)}

鍵が表示されるのは 1 回だけです。パスワードと同じように大切に保管してください。
使い方: ${invited.origin}/docs
`;
}

export function englishMessage(invited: Invited): string {
  return `To ${invited.name}

You are invited to use the town's data (Machi).
Open this page before ${formatMoment(invited.expiresAt)} and take your key. It works once.

${acceptAddress(invited)}

A program can do the same:

${acceptCommand(invited)}

The key is shown once. Keep it like a password.
How to use it: ${invited.origin}/docs
`;
}

/** How long an invitation may last: hours. */
export const LASTING = [72, 7 * 24, 30 * 24] as const;

export const daysOf = (hours: number): number => (hours * 3_600_000) / DAY;
