/**
 * What callers may catch. Each carries the facts as fields, so that nobody
 * has to read them out of the text.
 *
 * @module
 */

/** The wait for a grant took longer than `timeoutMs`. The request is withdrawn. */
export class AcquireTimeoutError extends Error {
  /** The name of the class. */
  override readonly name = "AcquireTimeoutError";
  /** What was asked for, by resource name. */
  readonly request: Readonly<Record<string, unknown>>;
  /** How long the request waited, in milliseconds. */
  readonly waitedMs: number;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { request: Readonly<Record<string, unknown>>; waitedMs: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.request = fields.request;
    this.waitedMs = fields.waitedMs;
  }
}

/** Somebody cancelled the request while it waited, or reset the pool. It is withdrawn. */
export class AcquireCancelledError extends Error {
  /** The name of the class. */
  override readonly name = "AcquireCancelledError";
  /** The id that the request had in the queue. */
  readonly requestId: string;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { requestId: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.requestId = fields.requestId;
  }
}

/** The request can never be granted with the capacities that are registered. */
export class ImpossibleRequestError extends Error {
  /** The name of the class. */
  override readonly name = "ImpossibleRequestError";
  /** The resource that is short or unknown. */
  readonly resource: string;
  /** How much of it was asked for. */
  readonly requested: number;
  /** Its registered capacity; `undefined` when it has none. */
  readonly capacity: number | undefined;
  /**
   * For memory of cards that the pool chooses, which amount lacks one: from 0, the
   * largest first.
   */
  readonly slot: number | undefined;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: {
      resource: string;
      requested: number;
      capacity: number | undefined;
      slot?: number;
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.resource = fields.resource;
    this.requested = fields.requested;
    this.capacity = fields.capacity;
    this.slot = fields.slot;
  }
}

/**
 * A file of the pool, most often that of the state, stayed locked by others for longer
 * than the limit, with nothing written. What was called for was not done, and can be
 * called for again; a request that waited is withdrawn as soon as the file can be
 * locked.
 */
export class LockTimeoutError extends Error {
  /** The name of the class. */
  override readonly name = "LockTimeoutError";
  /** The file that is locked: that of the state, or that of the cores beside it. */
  readonly path: string;
  /** How long was waited, in milliseconds. */
  readonly waitedMs: number;
  /** Who has the lock; `undefined` where the system does not tell. */
  readonly pid: number | undefined;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { path: string; waitedMs: number; pid?: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.path = fields.path;
    this.waitedMs = fields.waitedMs;
    this.pid = fields.pid;
  }
}

/** The state file holds something that is not a state. It was left as it is. */
export class CorruptStateError extends Error {
  /** The name of the class. */
  override readonly name = "CorruptStateError";
  /** The file; empty where the bytes came from elsewhere. */
  readonly path: string;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { path: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.path = fields.path;
  }
}

/** The state file is of another schema version. It was left as it is. */
export class SchemaVersionMismatch extends Error {
  /** The name of the class. */
  override readonly name = "SchemaVersionMismatch";
  /** The file or directory that it is about. */
  readonly path: string;
  /** The version in the file, as it stands there. */
  readonly found: unknown;
  /** The version that is spoken here. */
  readonly expected: number;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { path: string; found: unknown; expected: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.path = fields.path;
    this.found = fields.found;
    this.expected = fields.expected;
  }
}

/** The state file or its directory cannot be used: missing rights, wrong kind of file. */
export class StateAccessError extends Error {
  /** The name of the class. */
  override readonly name = "StateAccessError";
  /** The file or directory that it is about. */
  readonly path: string;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { path: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.path = fields.path;
  }
}

/** The lease is no longer held: released, or taken away by an operator. */
export class LeaseLostError extends Error {
  /** The name of the class. */
  override readonly name = "LeaseLostError";
  /** The lease that it is about. */
  readonly leaseId: string;

  /** Made where the fact is found out; there is no need to make one elsewhere. */
  constructor(
    message: string,
    fields: { leaseId: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.leaseId = fields.leaseId;
  }
}
