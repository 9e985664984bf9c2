import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, mock } from "node:test";
import { azureScene, type AzureScene } from "./support.ts";

// A file of its own: the SDK reads some of this when it is loaded, which happens once in a process.
it("CVE-2026-24845: whatever the environment and the home directory say of Azure, nothing of it is read, asked or printed", async () => {
  const home = mkdtempSync(join(tmpdir(), "countersign-azure-"));
  let trapped = 0;
  const trap = createServer((_request, response) => {
    trapped += 1;
    response.end(JSON.stringify({ access_token: "of the trap", expires_in: "3600", token_type: "Bearer" }));
  });
  trap.on("connect", (_request, socket) => {
    trapped += 1;
    socket.destroy();
  });
  trap.listen(0, "127.0.0.1");
  await once(trap, "listening");
  const origin = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  mkdirSync(join(home, ".azure"));
  for (const name of ["msal_token_cache.json", "azureProfile.json", "service_principal_entries.json"])
    writeFileSync(join(home, ".azure", name), "{}");
  writeFileSync(join(home, "token"), "token-of-the-trap");
  const set = {
    HOME: home,
    AZURE_CONFIG_DIR: join(home, ".azure"),
    AZURE_AUTHORITY_HOST: "https://evil.example",
    AZURE_CLIENT_ID: "11111111-1111-4111-8111-111111111111",
    AZURE_TENANT_ID: "22222222-2222-4222-8222-222222222222",
    AZURE_CLIENT_SECRET: "secret-of-the-trap",
    AZURE_FEDERATED_TOKEN_FILE: join(home, "token"),
    AZURE_ADDITIONALLY_ALLOWED_TENANTS: "*",
    AZURE_REGIONAL_AUTHORITY_NAME: "westeurope",
    MSAL_FORCE_REGION: "westeurope",
    REGION_NAME: "westeurope",
    AZURE_POD_IDENTITY_AUTHORITY_HOST: origin,
    IDENTITY_ENDPOINT: `${origin}/msi`,
    IDENTITY_HEADER: "secret-of-the-trap",
    IMDS_ENDPOINT: origin,
    MSI_ENDPOINT: `${origin}/msi`,
    MSI_SECRET: "secret-of-the-trap",
    HTTPS_PROXY: origin,
    HTTP_PROXY: origin,
    ALL_PROXY: origin,
    NO_PROXY: "",
    AZURE_LOG_LEVEL: "verbose",
    DEBUG: "*",
  };
  const before = Object.fromEntries(Object.keys(set).map((name) => [name, process.env[name]]));
  Object.assign(process.env, set);
  const printed: string[] = [];
  const stderr = mock.method(process.stderr, "write", (chunk: string | Uint8Array) => printed.push(String(chunk)) > 0);
  const secrets: string[] = [];
  const seen = async (azure: AzureScene): Promise<readonly string[]> => {
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    secrets.push(...azure.fake.issued);
    for (const { body } of azure.internet.requests) secrets.push(new URLSearchParams(body).get("client_assertion") ?? "");
    assert.ok(!azure.internet.requests.some(({ body }) => body.includes("of-the-trap") || body.includes("11111111-1111")));
    return azure.internet.requests.map(({ site }) => site);
  };
  try {
    await using workload = await azureScene();
    assert.deepEqual(await seen(workload), ["login.microsoftonline.com", "acmeregistry.azurecr.io"]);
    await using managed = await azureScene({ managed: "client" });
    assert.deepEqual(await seen(managed), ["169.254.169.254:80", "acmeregistry.azurecr.io"]);
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
  const text = printed.join("");
  // The SDK was as talkative as it can be made.
  assert.match(text, /azure:/);
  for (const secret of secrets.filter((each) => each !== "")) assert.ok(!text.includes(secret.split(".")[1] ?? secret), text);
});
