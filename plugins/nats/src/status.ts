import { DebugEvents, Events, type NatsConnection } from "nats";

/** What is told of a connection that the library keeps. */
export interface StatusListener {
  /** It was lost; why, as far as that is known. */
  readonly onLost: (server: string, reason: string) => void;
  readonly onTry: () => void;
  readonly onBack: (server: string) => void;
  /** NATS reports an error, by a code of the library. */
  readonly onError: (code: string) => void;
  /** NATS does not allow a message, which is lost. A subscription that it does not allow is told to who asked for it. */
  readonly onForbidden: (subject: string) => void;
  /** The server asks its clients to go to another one, as it will stop. */
  readonly onLeaving: (server: string) => void;
}

/** Tells `listener` of all that happens to a connection; resolves when it is closed. */
export async function followStatus(connection: NatsConnection, listener: StatusListener): Promise<void> {
  let reason: string | undefined;
  for await (const { type, data, permissionContext } of connection.status()) {
    // An object says which servers of a cluster came and went: nothing that is told here.
    const text = typeof data === "object" ? "" : String(data);
    switch (type) {
      case DebugEvents.StaleConnection:
        reason = "it did not answer pings";
        break;
      case Events.Disconnect:
        listener.onLost(text, reason ?? "the server or the network ended it");
        reason = undefined;
        break;
      case DebugEvents.Reconnecting:
        listener.onTry();
        break;
      case Events.Reconnect:
        reason = undefined;
        listener.onBack(text);
        break;
      case Events.LDM:
        reason = "the server said that it would stop";
        listener.onLeaving(text);
        break;
      case Events.Error:
        if (permissionContext === undefined) {
          reason = `NATS said ${text}`;
          listener.onError(text);
        } else if (permissionContext.operation === "publish") listener.onForbidden(permissionContext.subject);
        break;
      default:
        break;
    }
  }
}
