/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML of domains: parsed with limits, and walked. Pure, apart from libxml2.
 *
 * A document type is refused before anything in it is read, so there are no
 * entities; nothing is loaded from elsewhere; size and depth are limited.
 */
#ifndef VFERRY_HOST_XML_H
#define VFERRY_HOST_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#define XML_MAX_SIZE	(1 << 20)
#define XML_MAX_DEPTH	64

/**
 * xml_parse() - bytes to a tree
 * @bytes: text, need not end with 0
 * @size: of it
 * @ret_doc: to be freed by xmlFreeDoc()
 * @reason: receives what is wrong, one line
 * @reason_size: of @reason
 *
 * Return: 0; -EINVAL: not well-formed, or with a document type; -E2BIG: too
 * large or too deep; -ENOMEM.
 */
int xml_parse(const char *bytes, size_t size, xmlDoc **ret_doc, char *reason,
	      size_t reason_size);

/* The tree as bytes, to be freed by free(); 0 or -ENOMEM. No line is broken anew. */
int xml_bytes(xmlDoc *doc, char **ret_bytes, size_t *ret_size);

/* Is this an element of that name in that name space (NULL: in none)? */
bool xml_is(const xmlNode *node, const char *ns, const char *name);

/* First child element of that name, or the next after @after; NULL: none. @node may be NULL. */
xmlNode *xml_child(const xmlNode *node, const char *ns, const char *name);
xmlNode *xml_next(const xmlNode *after, const char *ns, const char *name);

/**
 * xml_attr() - an attribute that is in no name space
 * @node: element, may be NULL
 * @name: of the attribute
 * @ret: receives its value; "" unless 0 is returned
 * @size: of @ret
 *
 * Return: 0; -ENOENT: there is none; -E2BIG: it does not fit.
 */
int xml_attr(const xmlNode *node, const char *name, char *ret, size_t size);

/* Is there such an attribute, with that value? */
bool xml_attr_is(const xmlNode *node, const char *name, const char *value);

static inline void xml_doc_p(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}

#endif
