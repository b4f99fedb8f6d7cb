import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  Edition,
  FeatureSet_FieldPresence,
  FeatureSet_Utf8Validation,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { OTLP_MESSAGES, type FieldRow, type MessageName } from "./otlp-fields.ts";

const SCALARS = new Map<string, FieldDescriptorProto_Type>([
  ["string", FieldDescriptorProto_Type.STRING],
  ["bytes", FieldDescriptorProto_Type.BYTES],
  ["bool", FieldDescriptorProto_Type.BOOL],
  ["double", FieldDescriptorProto_Type.DOUBLE],
  ["sfixed64", FieldDescriptorProto_Type.SFIXED64],
  ["uint64", FieldDescriptorProto_Type.UINT64],
  ["sint32", FieldDescriptorProto_Type.SINT32],
  ["int32", FieldDescriptorProto_Type.INT32],
  ["int64", FieldDescriptorProto_Type.INT64],
  ["uint32", FieldDescriptorProto_Type.UINT32],
  ["fixed32", FieldDescriptorProto_Type.FIXED32],
  ["fixed64", FieldDescriptorProto_Type.FIXED64],
]);

function fieldOf([name, number, type, label]: FieldRow) {
  const scalar = SCALARS.get(type);
  return {
    name,
    number,
    label: label === "repeated" ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    ...(scalar === undefined
      ? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.otlp.${type}` }
      : { type: scalar }),
    ...(label === "oneof value" ? { oneofIndex: 0 } : {}),
  };
}

function messageOf([name, fields]: [string, readonly FieldRow[]]) {
  const hasOneof = fields.some((field) => field[3] === "oneof value");
  return { name, field: fields.map(fieldOf), oneofDecl: hasOneof ? [{ name: "value" }] : [] };
}

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: "otlp.proto",
        package: "otlp",
        syntax: "editions",
        edition: Edition.EDITION_2023,
        // Implicit presence as in proto3; invalid UTF-8 becomes U+FFFD instead of failing the whole request.
        options: {
          features: {
            fieldPresence: FeatureSet_FieldPresence.IMPLICIT,
            utf8Validation: FeatureSet_Utf8Validation.NONE,
          },
        },
        messageType: Object.entries(OTLP_MESSAGES).map(messageOf),
      },
    ],
  }),
);

/** Descriptor of a message of {@link OTLP_MESSAGES}, made at start by reflection: no generated code, no eval. */
export function otlpMessage(name: MessageName): DescMessage {
  const desc = registry.getMessage(`otlp.${name}`);
  if (desc === undefined) throw new Error(`OTLP message ${name} is missing in its own table`);
  return desc;
}
