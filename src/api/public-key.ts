import { parsed, type Schema, text } from "./schema.ts";

/** One PEM block and white space around it; what is inside is the key provider's to read. */
const block = "^[ \\t\\r\\n]*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\r\\n \\t]*-----END PUBLIC KEY-----[ \\t\\r\\n]*$";
const secret = "PRIVATE KEY-----";
const messages = {
  secret: "is a private key: take it out, make a new one, and write the public key here",
  other: 'must be one PEM block "PUBLIC KEY"',
} as const;

/** A public key in PEM. A real one is below 1 KiB (RSA 4096: 800 bytes); nothing of it is echoed. */
export function publicKeyField(description: string): Schema<string, "present"> {
  const shape = new RegExp(block, "u");
  const rule = {
    rule: `self.matches(r'${block}')`,
    message: messages.other,
    messageExpression: `self.contains('${secret}') ? '${messages.secret}' : '${messages.other}'`,
  };
  return parsed(text(description, { maxLength: 8192 }), rule, (value) => {
    if (shape.test(value)) return { ok: true, value };
    return { ok: false, message: value.includes(secret) ? messages.secret : messages.other };
  });
}
