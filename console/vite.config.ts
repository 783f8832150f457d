import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const OUTPUT = "../context_api/http/console";
const COMPRESSED = /\.(js|mjs|css|html|svg|json)$/;
const WORTH_COMPRESSING = 1024; // bytes

/** Writes `.br` and `.gz` beside what is built, so that the server compresses nothing. */
function compress(): Plugin {
  return {
    name: "compress",
    apply: "build",
    writeBundle(options, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!COMPRESSED.test(name) || name === "index.html") continue;
        const path = join(options.dir ?? OUTPUT, name);
        const body = readFileSync(path);
        if (body.length < WORTH_COMPRESSING) continue;
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
        writeFileSync(`${path}.br`, brotliCompressSync(body, { params: quality }));
      }
    },
  };
}

const SERVER = process.env["MACHI_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), compress()],
  base: "/",
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "assets",
    assetsInlineLimit: 0, // nothing as data: the content security policy stays narrow
    manifest: "manifest.json",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200, // the map library, which only pages with a map load
    modulePreload: { polyfill: false },
  },
  css: {
    modules: {
      // Short and the same for every build of the same sources
      generateScopedName: (name, file) =>
        `${name}-${createHash("sha256").update(file.slice(file.lastIndexOf("/src/"))).digest("hex").slice(0, 5)}`,
    },
  },
  server: {
    proxy: { "/api": SERVER, "/ngsi-ld": SERVER, "/docs": SERVER, "/openapi.json": SERVER, "/page": SERVER },
  },
});
