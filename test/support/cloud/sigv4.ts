import { createHash, createHmac } from "node:crypto";
import type { SeenRequest } from "./internet.ts";

/** Who signed a request, if it is what was signed: AWS Signature Version 4, from its description and not from an SDK. */
export interface Signed {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

const shape =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([0-9]{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;

/** Undefined where there is no signature, nobody has that key, or the request is another than was signed. */
export function signatureOf(request: SeenRequest, secretOf: (accessKeyId: string) => string | undefined): Signed | undefined {
  const [, accessKeyId = "", date = "", region = "", service = "", names = "", signature] =
    shape.exec(request.headers.authorization ?? "") ?? [];
  const secret = secretOf(accessKeyId);
  if (secret === undefined) return undefined;
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name] ?? "").trim()}\n`);
  const canonical = [request.method, request.path, "", headers.join(""), names, sha256(request.body)].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const time = String(request.headers["x-amz-date"]);
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>((previous, part) => hmac(previous, part), `AWS4${secret}`);
  const expected = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  const isWhole = ["host", "x-amz-date", "x-amz-security-token"].every((name) => names.split(";").includes(name));
  return isWhole && time.startsWith(date) && expected === signature ? { accessKeyId, region, service } : undefined;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
