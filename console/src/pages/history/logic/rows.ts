/** The table as it comes: read line by line while it streams, so that progress is seen and the wait can be ended. */

/** What an answer says about itself. */
export interface About {
  readonly query: string;
  readonly dataVersion: string;
  readonly corrections: number;
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
  readonly source?: string;
  readonly licence?: { readonly name?: string; readonly url?: string };
  readonly attribution?: string;
}

export interface Row {
  readonly time: string;
  readonly entityId: string;
  readonly entityName?: string;
  readonly entityType?: string;
  readonly attribute: string;
  readonly label?: string;
  readonly datasetId?: string;
  readonly unit?: string;
  readonly value?: unknown;
  readonly [method: string]: unknown;
}

/** The answer ended before it was complete: the server or the way broke off. */
export class CutOff extends Error {}

/** Takes text in pieces of any size; gives what is complete. The server writes a row per line (JsonEncoder). */
export class RowReader {
  about: About | undefined;
  count = 0;
  private rest = "";
  private isEnded = false;

  /** Gives the rows that the piece completes. Raises SyntaxError for what is no such answer. */
  read(piece: string): Row[] {
    const lines = (this.rest + piece).split("\n");
    this.rest = lines.pop() ?? "";
    const rows: Row[] = [];
    for (const line of lines) this.take(line, rows);
    return rows;
  }

  /** Gives what is left. Raises CutOff where the end is missing, or rows are. */
  end(): Row[] {
    const rows: Row[] = [];
    this.take(this.rest, rows);
    this.rest = "";
    if (!this.isEnded) throw new CutOff("The answer broke off");
    return rows;
  }

  private take(line: string, rows: Row[]): void {
    if (line === "") return;
    if (this.about === undefined) {
      this.readHead(line);
      return;
    }
    const end = /^(.*)\],"rowCount":(\d+)\}$/.exec(line);
    const text = end ? (end[1] ?? "") : line.replace(/,$/, "");
    if (text !== "") {
      rows.push(JSON.parse(text) as Row);
      this.count += 1;
    }
    if (end) this.finish(Number(end[2]));
  }

  private readHead(line: string): void {
    const opening = line.indexOf(',"rows":[');
    if (opening < 0) throw new SyntaxError("This is no table");
    this.about = JSON.parse(`${line.slice(0, opening)}}`) as About;
    const rest = line.slice(opening + ',"rows":['.length);
    const end = /^\],"rowCount":(\d+)\}$/.exec(rest);
    if (end) this.finish(Number(end[1]));
  }

  private finish(count: number): void {
    if (count !== this.count) throw new CutOff(`${this.count} of ${count} rows came`);
    this.isEnded = true;
  }
}
