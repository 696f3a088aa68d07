/** The part of the N-API bindings of quiche 0.18 that is used here. `@matrixai/quic` and `@infisical/quic` export the same. */
export interface QuicheBinding {
  readonly MAX_CONN_ID_LEN: number;
  readonly MAX_DATAGRAM_SIZE: number;
  readonly Shutdown: { readonly Read: number; readonly Write: number };
  readonly Type: { readonly Initial: number };
  readonly Config: {
    withBoringSslCtx(
      verifyPeer: boolean,
      verifyAllowFail: boolean,
      ca: Uint8Array | undefined,
      key: Uint8Array[] | undefined,
      cert: Uint8Array[] | undefined,
      signatureAlgorithms: string,
    ): QuicheConfig;
  };
  readonly Connection: {
    connect(
      serverName: string | undefined,
      scid: Uint8Array,
      local: HostPort,
      remote: HostPort,
      config: QuicheConfig,
    ): QuicheConnection;
    accept(
      scid: Uint8Array,
      odcid: Uint8Array,
      local: HostPort,
      remote: HostPort,
      config: QuicheConfig,
    ): QuicheConnection;
  };
  readonly Header: { fromSlice(data: Uint8Array, dcidLength: number): QuicheHeader };
  versionIsSupported(version: number): boolean;
  negotiateVersion(scid: Uint8Array, dcid: Uint8Array, out: Uint8Array): number;
  retry(
    scid: Uint8Array,
    dcid: Uint8Array,
    newScid: Uint8Array,
    token: Uint8Array,
    version: number,
    out: Uint8Array,
  ): number;
}

/** An address of a packet. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The long header of a packet. */
export interface QuicheHeader {
  readonly ty: number;
  readonly version: number;
  readonly dcid: Uint8Array;
  readonly scid: Uint8Array;
  readonly token?: Uint8Array;
}

/** Options of connections, shared by many. */
export interface QuicheConfig {
  setApplicationProtos(protocols: string[]): void;
  setMaxIdleTimeout(ms: number): void;
  setMaxRecvUdpPayloadSize(bytes: number): void;
  setMaxSendUdpPayloadSize(bytes: number): void;
  setInitialMaxData(bytes: number): void;
  setInitialMaxStreamDataBidiLocal(bytes: number): void;
  setInitialMaxStreamDataBidiRemote(bytes: number): void;
  setInitialMaxStreamsBidi(count: number): void;
  setMaxStreamWindow(bytes: number): void;
  setMaxConnectionWindow(bytes: number): void;
  setDisableActiveMigration(disable: boolean): void;
  setStatelessResetToken(token: bigint): void;
  enablePacing(enable: boolean): void;
}

/** Why a connection ended. */
export interface QuicheError {
  readonly isApp: boolean;
  readonly errorCode: number;
  readonly reason: Uint8Array;
}

/** The state machine of one connection: it takes and gives datagrams, and knows no sockets or timers. */
export interface QuicheConnection {
  recv(datagram: Uint8Array, info: { readonly from: HostPort; readonly to: HostPort }): number;
  send(out: Uint8Array): [length: number, info: { readonly to: HostPort }] | null;
  timeout(): number | null;
  onTimeout(): void;
  sendAckEliciting(): void;
  isEstablished(): boolean;
  isDraining(): boolean;
  isClosed(): boolean;
  isTimedOut(): boolean;
  localError(): QuicheError | null;
  peerError(): QuicheError | null;
  peerCertChain(): Uint8Array[] | null;
  close(app: boolean, code: number, reason: Uint8Array): unknown;
  stats(): { readonly peerInitialMaxStreamsBidi: number; readonly peerMaxIdleTimeout: number };
  peerStreamsLeftBidi(): number;
  readable(): Iterable<number>;
  streamRecv(id: number, target: Uint8Array): [length: number, end: boolean] | null;
  streamSend(id: number, bytes: Uint8Array, end: boolean): number | null;
  streamShutdown(id: number, direction: number, code: number): unknown;
  streamCapacity(id: number): number;
  streamFinished(id: number): boolean;
}

/** The code of an error that says that the peer has reset or stopped a stream; undefined for any other. */
export function peerCode(error: unknown): number | undefined {
  const match = /^Stream(?:Reset|Stopped)\((\d{1,16})\)/.exec(error instanceof Error ? error.message : "");
  return match === null ? undefined : Number(match[1]);
}
