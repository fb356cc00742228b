// oidc-provider from npm, with clients that may draw or only read: `provider.mjs PORT ALGORITHM [PAGE]`. Prints `ready`.
// PAGE is the URL of a page that signs people in, as the client `page`.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, algorithm, page] = process.argv.slice(2);
const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
  Ed25519: ["ed25519", {}],
};
const keys = [...new Set(["RS256", algorithm])].map((alg) => ({
  ...generateKeyPairSync(...KINDS[alg]).privateKey.export({ format: "jwk" }),
  kid: `the key for ${alg}`,
  alg,
  use: "sig",
}));
const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys },
  clients: [
    ...["painter", "viewer"].map((client_id) => ({
      client_id,
      client_secret: `the secret of the ${client_id}`,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      scope: client_id === "painter" ? "images:read images:write" : "images:read",
    })),
    ...(page ? ["page"] : []).map((client_id) => ({
      client_id,
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [page],
      response_types: ["code"],
      scope: "openid images:read images:write usage:read",
    })),
  ],
  scopes: ["openid", "images:read", "images:write", "usage:read"],
  pkce: { required: () => true },
  clientBasedCORS: () => true,
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: Boolean(page) },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        audience: resource,
        scope: "images:read images:write usage:read",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: algorithm } },
      }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
