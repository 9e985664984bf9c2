// Imported by name here and loaded as a file of ours: of a CommonJS package that is imported dynamically, the bundle has no named exports.
export { fromWebToken } from "@aws-sdk/credential-providers";
