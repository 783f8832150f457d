import { expect, test } from "vitest";
import { attributionOf } from "./attribution";

test("国土地理院 is named with a link to its tiles, others as they are written", () => {
  expect(attributionOf("https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png", "国土地理院")).toBe(
    '<a href="https://maps.gsi.go.jp/development/ichiran.html" target="_blank" rel="noreferrer">国土地理院</a>',
  );
  expect(attributionOf("https://tiles.example.jp/{z}/{x}/{y}.png", "A & <b>")).toBe("A &amp; &lt;b&gt;");
});
