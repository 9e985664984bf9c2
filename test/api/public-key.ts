/** A public key that nobody has the other half of. */
export const publicKey =
  "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAET6jBHqMajXxsgtjGabtsNN0ohNfV\nvdbNRWC4twBQBiG6LEWPn6w7Q+/dK9/rNidKYPTiYzWfes7nEzqicpfjRg==\n-----END PUBLIC KEY-----\n";
