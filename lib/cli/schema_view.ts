/**
 * The formats of `formats.ts` as JSON schemas, and as text.
 *
 * @module
 */
import { SCHEMA_VERSION } from "../../mod.ts";
import type { Field, FieldType, ObjectFormat } from "./formats.ts";
import { FORMATS } from "./formats.ts";
import { paint, renderTable, type View } from "./table.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

function isObjectFormat(type: FieldType): type is ObjectFormat {
  return typeof type === "object" && "fields" in type;
}

/** The object that a field has one or many of; undefined if it has no object. */
function nestedIn(type: FieldType): ObjectFormat | undefined {
  if (isObjectFormat(type)) return type;
  return isOneOrNull(type) ? type.oneOrNull : undefined;
}

function isOneOrNull(
  type: FieldType,
): type is { readonly oneOrNull: ObjectFormat } {
  return typeof type === "object" && "oneOrNull" in type;
}

function typeSchema(type: FieldType): JsonSchema {
  if (typeof type === "number") return { const: type };
  if (isObjectFormat(type)) return { type: "array", items: jsonSchema(type) };
  if (isOneOrNull(type)) {
    return { anyOf: [jsonSchema(type.oneOrNull), { type: "null" }] };
  }
  if (typeof type === "object") return { enum: type };
  if (type.endsWith("?")) {
    const schema = typeSchema(type.slice(0, -1) as FieldType);
    return { anyOf: [schema, { type: "null" }] };
  }
  switch (type) {
    case "amounts":
      return { type: "object", additionalProperties: { type: "integer" } };
    case "date-time":
      return { type: "string", format: "date-time" };
    case "[integer]":
      return { type: "array", items: { type: "integer" } };
    case "[string]":
      return { type: "array", items: { type: "string" } };
    default:
      return { type };
  }
}

function allFields({ base, fields }: ObjectFormat): readonly Field[] {
  return base === undefined ? fields : [...allFields(base), ...fields];
}

/** The JSON schema of an object. */
export function jsonSchema(format: ObjectFormat): JsonSchema {
  const { title } = format;
  const fields = allFields(format);
  return {
    title,
    type: "object",
    properties: Object.fromEntries(
      fields.map(([name, type, meaning]) => [
        name,
        { ...typeSchema(type), description: meaning },
      ]),
    ),
    required: fields.map(([name]) => name),
    additionalProperties: false,
  };
}

/** All formats as JSON schemas. */
export function allSchemas(): Record<string, unknown> {
  return {
    schema_version: SCHEMA_VERSION,
    ...Object.fromEntries(
      Object.entries(FORMATS).map(([key, format]) => [key, jsonSchema(format)]),
    ),
  };
}

function typeText(type: FieldType): string {
  if (isObjectFormat(type)) return `[${type.title}]`;
  if (isOneOrNull(type)) return `${type.oneOrNull.title} or null`;
  if (typeof type === "object") return type.join(" or ");
  if (type === "amounts") return "{name: integer}";
  return String(type).replace("?", " or null");
}

/** All formats, each after the one it first appears in. */
function withNested(formats: readonly ObjectFormat[]): ObjectFormat[] {
  const nested = formats.flatMap((format) => [
    format,
    ...withNested([
      ...(format.base === undefined ? [] : [format.base]),
      ...format.fields.flatMap(([, type]) => nestedIn(type) ?? []),
    ]),
  ]);
  return [...new Set(nested)];
}

function articleOf(title: string): string {
  return /^[aeiou]/.test(title) ? "an" : "a";
}

function renderFormat(format: ObjectFormat, view: View): string[] {
  const { title, base, fields } = format;
  const rows = fields.map(([name, type, meaning]: Field) => [
    { text: name },
    { text: typeText(type), style: "dim" as const },
    { text: meaning },
  ]);
  const columns = [{ title: "FIELD" }, { title: "TYPE" }, {
    title: "MEANING",
    shrinksTo: 16,
  }];
  return [
    paint(title, "bold", view.color) +
    (base === undefined
      ? ""
      : `: the fields of ${articleOf(base.title)} ${base.title}, and`),
    ...renderTable(columns, rows, view),
  ];
}

/** All formats as text. */
export function renderSchema(view: View): string {
  const intro = `JSON, UTF-8; amounts are whole numbers, MiB where the name ` +
    `ends in _mb.\nTimes are ISO 8601. Schema version ${SCHEMA_VERSION}, as of ` +
    `Python reslock 0.12.\nTo what --json prints, later versions add fields, ` +
    `and take none away.`;
  const formats = withNested(Object.values(FORMATS));
  const blocks = formats.map((format) => renderFormat(format, view).join("\n"));
  return `${[intro, ...blocks].join("\n\n")}\n`;
}
