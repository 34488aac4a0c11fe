/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of JSON Schema as qemu-hooks/cli/schema.json uses. */
#ifndef VFERRY_UNIT_JSON_SCHEMA_H
#define VFERRY_UNIT_JSON_SCHEMA_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool schema_type(const json_t *value, const char *type)
{
	return (!strcmp(type, "object") && json_is_object(value)) ||
	       (!strcmp(type, "array") && json_is_array(value)) ||
	       (!strcmp(type, "string") && json_is_string(value)) ||
	       (!strcmp(type, "integer") && json_is_integer(value)) ||
	       (!strcmp(type, "number") && json_is_number(value)) ||
	       (!strcmp(type, "boolean") && json_is_boolean(value)) ||
	       (!strcmp(type, "null") && json_is_null(value));
}

static bool schema_types(const json_t *value, const json_t *type)
{
	size_t i;

	if (!type)
		return true;
	if (json_is_string(type))
		return schema_type(value, json_string_value(type));
	for (i = 0; i < json_array_size(type); i++)
		if (schema_type(value, json_string_value(json_array_get(type, i))))
			return true;
	return false;
}

static bool schema_pattern(const json_t *value, const json_t *pattern)
{
	regex_t regex;
	bool fits;

	if (!pattern)
		return true;
	if (regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB))
		return false;
	fits = !regexec(&regex, json_string_value(value) ?: "", 0, NULL, 0);
	regfree(&regex);
	return fits;
}

static bool schema_enum(const json_t *value, const json_t *words)
{
	size_t i;

	for (i = 0; i < json_array_size(words); i++)
		if (json_equal(value, json_array_get(words, i)))
			return true;
	return !words;
}

/* Does it fit? What does not is printed, with where. */
static bool schema_fits(const json_t *all, const json_t *schema, const json_t *value,
			const char *where)
{
	const json_t *ref = json_object_get(schema, "$ref");
	const json_t *properties, *minimum;
	const char *key;
	json_t *inner;
	size_t i;

	if (ref)
		return schema_fits(all, json_object_get(json_object_get(all, "$defs"),
				   strrchr(json_string_value(ref), '/') + 1), value, where);

	minimum = json_object_get(schema, "minimum");
	if (!json_is_object(schema) || !schema_types(value, json_object_get(schema, "type")) ||
	    !schema_pattern(value, json_object_get(schema, "pattern")) ||
	    !schema_enum(value, json_object_get(schema, "enum")) ||
	    (minimum && json_integer_value(value) < json_integer_value(minimum))) {
		fprintf(stderr, "%s: does not fit\n", where);
		return false;
	}
	json_array_foreach(json_object_get(schema, "required"), i, inner) {
		if (!json_object_get(value, json_string_value(inner))) {
			fprintf(stderr, "%s: no %s\n", where, json_string_value(inner));
			return false;
		}
	}
	properties = json_object_get(schema, "properties");
	json_object_foreach((json_t *)value, key, inner) {
		const json_t *known = json_object_get(properties, key);

		if (!known && json_is_false(json_object_get(schema, "additionalProperties"))) {
			fprintf(stderr, "%s: %s is not in the schema\n", where, key);
			return false;
		}
		if (known && !schema_fits(all, known, inner, key))
			return false;
	}
	if (json_is_array(value) && json_object_get(schema, "items"))
		json_array_foreach(value, i, inner)
			if (!schema_fits(all, json_object_get(schema, "items"), inner, where))
				return false;
	return true;
}

/* By the name of a member of $defs; takes the value's reference. */
static inline bool fits_schema(json_t *value, const char *name)
{
	json_t *all = json_load_file(CLI_SCHEMA, 0, NULL);
	bool fits;

	fits = all && value && schema_fits(all, json_object_get(json_object_get(all, "$defs"), name),
					   value, name);
	json_decref(all);
	json_decref(value);
	return fits;
}

#endif
