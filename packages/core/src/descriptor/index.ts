export { contractJsonSchema } from "./contract-json-schema.ts";
export type {
  DescribedScalar,
  FieldDescription,
  MethodDescription,
  NamedType,
  ServiceDescriptor,
  TypeDescription,
} from "./describe-types.ts";
export { handlerDescriptors, schemaDescription, serviceDescriptor } from "./service-descriptor.ts";
