/**
 * Checks a value against a JSON schema, as far as our schemas go.
 *
 * @module
 */

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}

function objectFaults(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  where: string,
): string[] {
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => value[name] === undefined)
    .map((name) => `${where}.${name} is missing`);
  const others = Object.entries(value).flatMap(([name, inner]) => {
    const known = Object.hasOwn(properties, name)
      ? properties[name]
      : additionalProperties;
    if (known === false) return [`${where}.${name} is unknown`];
    if (known === undefined || inner === undefined) return [];
    return schemaFaults(known, inner, `${where}.${name}`);
  });
  return [...missing, ...others];
}

/** What of a value is not as its schema says. */
export function schemaFaults(
  schema: Schema,
  value: unknown,
  where = "",
): string[] {
  if (schema.anyOf !== undefined) {
    const faults = schema.anyOf.map((one) => schemaFaults(one, value, where));
    return faults.some(({ length }) => length === 0) ? [] : faults.flat();
  }
  if (schema.enum !== undefined) {
    return schema.enum.includes(value) ? [] : [`${where} is ${value}`];
  }
  if (schema.const !== undefined) {
    return schema.const === value ? [] : [`${where} is ${value}`];
  }
  const type = typeOf(value);
  const fits = schema.type === type ||
    (schema.type === "number" && type === "integer");
  if (!fits) return [`${where} is of type ${type}`];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      schemaFaults(schema.items ?? {}, item, `${where}[${index}]`)
    );
  }
  return type === "object"
    ? objectFaults(schema, value as Record<string, unknown>, where)
    : [];
}
