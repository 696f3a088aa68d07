import { defineComponent, definePlugin, option } from "@micro/core";

/** Sends mail: a component of the application's own, with a section, flags and variables like any other. */
export interface Mailer {
  send(to: string, text: string): Promise<void>;
}

/** The mailer component. What is marked as secret is masked wherever the configuration is shown. */
export const mailer = defineComponent<Mailer>()({
  name: "mailer",
  description: "Outgoing mail",
  config: {
    host: option.string({ description: "Mail server", default: "localhost" }),
    timeout: option.duration({ description: "Longest time of one mail", default: "10s" }),
  },
});

/** A plugin that only says what it would send. */
export const printedMailer = definePlugin(mailer, {
  name: "printed",
  config: {
    user: option.string({ description: "Name to log in with" }),
    password: option.string({ description: "Password to log in with", secret: true }),
  },
  create: ({ config }) => ({
    async send(to, text) {
      console.log(`by ${config.host} to ${to}: ${text}`);
    },
  }),
});
