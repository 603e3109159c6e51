// Reads the argument structs of plan.h and writes them as TypeScript, so that tsc checks every record that is planned.

/** @param {string} header plan.h @param {string} executor executor.c, whose numbering must agree @returns {string} plan-layout.ts */
export function layoutOf(header, executor) {
  const structs = [...header.matchAll(/typedef struct \{([^}]*)\} (\w+)Args;/g)].map(([, body, name]) => ({
    name: name[0].toLowerCase() + name.slice(1),
    fields: fieldsOf(body),
  }));
  structs.forEach(({ name, fields }, number) => {
    if (!executor.includes(`KERNEL(${number}, ${name}, `))
      throw new Error(`executor.c does not call ${name} as kernel ${number}`);
    if (fields.length > 60) throw new Error(`${name} has ${fields.length} arguments, a record holds 60`);
  });
  const lines = structs.map(({ name, fields }) => {
    const entries = fields.map(({ name: field, type }) => `${field}: "${type}"`).join(", ");
    return `  ${name}: { ${entries} },`;
  });
  return [
    "// Made by npm run kernels from kernels/plan.h: each kernel's arguments in order, one 32-bit word each.",
    "/* prettier-ignore */",
    "export const LAYOUT = {",
    ...lines,
    "} as const;",
    "",
  ].join("\n");
}

/** @param {string} body */
function fieldsOf(body) {
  const declarations = body.replace(/\/\/.*$/gm, "").split(";");
  return declarations.flatMap((declaration) => {
    const match = /^\s*(buf|i32|float)\s+([\s\S]+)$/.exec(declaration);
    if (match === null) {
      if (declaration.trim() !== "") throw new Error(`plan.h: not a field: ${declaration.trim()}`);
      return [];
    }
    return match[2].split(",").map((name) => ({ name: name.trim(), type: match[1] }));
  });
}
