import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, mock } from "node:test";
import { googleCanary, googleConfigs } from "../../support/cloud/google.ts";
import { googleScene } from "./support.ts";

it("CVE-2026-24845: whatever the environment and the home directory say of Google, nothing of it is read, asked or logged", async () => {
  const home = mkdtempSync(join(tmpdir(), "countersign-google-"));
  let trapped = 0;
  const trap = createServer((_request, response) => {
    trapped += 1;
    response.end(JSON.stringify({ access_token: "of the trap", expires_in: 3600 }));
  });
  trap.on("connect", (_request, socket) => {
    trapped += 1;
    socket.destroy();
  });
  trap.listen(0, "127.0.0.1");
  await once(trap, "listening");
  const origin = `127.0.0.1:${(trap.address() as AddressInfo).port}`;
  const file = join(home, "credentials.json");
  const stolen = { type: "external_account", token_url: `http://${origin}/`, credential_source: { url: `http://${origin}/` } };
  mkdirSync(join(home, ".config", "gcloud"), { recursive: true });
  for (const path of [file, join(home, ".config", "gcloud", "application_default_credentials.json")])
    writeFileSync(path, JSON.stringify(stolen));
  const set = {
    HOME: home,
    CLOUDSDK_CONFIG: join(home, ".config", "gcloud"),
    GOOGLE_APPLICATION_CREDENTIALS: file,
    GOOGLE_CLOUD_UNIVERSE_DOMAIN: "evil.example",
    GOOGLE_SDK_NODE_LOGGING: "*",
    GCE_METADATA_HOST: origin,
    GCE_METADATA_IP: origin,
    METADATA_SERVER_DETECTION: "assume-present",
    HTTPS_PROXY: `http://${origin}`,
    HTTP_PROXY: `http://${origin}`,
    NO_PROXY: "",
  };
  const before = Object.fromEntries(Object.keys(set).map((name) => [name, process.env[name]]));
  Object.assign(process.env, set);
  const printed: string[] = [];
  const stderr = mock.method(process.stderr, "write", (chunk: string | Uint8Array) => printed.push(String(chunk)) > 0);
  try {
    for (const config of Object.values(googleConfigs)) {
      await using google = await googleScene(config);
      assert.match(await google.ask(), /^basic oauth2accesstoken token\.[12]$/);
    }
  } finally {
    stderr.mock.restore();
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(home, { recursive: true, force: true });
    trap.closeAllConnections();
    await new Promise((done) => trap.close(done));
  }
  assert.equal(trapped, 0);
  assert.ok(!printed.join("").includes(googleCanary), printed.join(""));
});
