/** Written in TypeScript, where the keys may be those of the code. */
export default {
  mailer: { hots: "mail.example.com" },
  client: { poolSize: "many" },
};
