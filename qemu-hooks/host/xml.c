// SPDX-License-Identifier: GPL-2.0-or-later
/* XML of domains; see xml.h. */
#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlsave.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "xml.h"

/* Why parsing was stopped by one of the two functions below */
enum stopped {
	STOPPED_NOT,
	STOPPED_DOCTYPE,
	STOPPED_DEPTH,
};

static void stop(xmlParserCtxt *ctxt, enum stopped why)
{
	enum stopped *stopped = ctxt->_private;

	if (!*stopped)
		*stopped = why;
	xmlStopParser(ctxt);
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	stop(data, STOPPED_DOCTYPE);
}

static void on_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		       int ns_count, const xmlChar **ns, int attr_count, int default_count,
		       const xmlChar **attrs)
{
	xmlParserCtxt *ctxt = data;

	if (ctxt->nodeNr >= XML_MAX_DEPTH)
		stop(ctxt, STOPPED_DEPTH);
	else
		xmlSAX2StartElementNs(data, name, prefix, uri, ns_count, ns, attr_count,
				      default_count, attrs);
}

static void ctxt_p(xmlParserCtxt **ctxt)
{
	xmlFreeParserCtxt(*ctxt);
}

/* libxml2's words, on one line */
static void why_not(xmlParserCtxt *ctxt, char *reason, size_t size)
{
	const xmlError *e = xmlCtxtGetLastError(ctxt);

	if (!e || !e->message)
		snprintf(reason, size, "not XML");
	else
		snprintf(reason, size, "not XML: line %d: %.*s", e->line,
			 (int)strcspn(e->message, "\n"), e->message);
}

int xml_parse(const char *bytes, size_t size, xmlDoc **ret_doc, char *reason, size_t reason_size)
{
	_cleanup_(ctxt_p) xmlParserCtxt *ctxt = NULL;
	enum stopped stopped = STOPPED_NOT;
	xmlDoc *doc;

	if (size > XML_MAX_SIZE) {
		snprintf(reason, reason_size, "longer than %d bytes", XML_MAX_SIZE);
		return -E2BIG;
	}
	ctxt = xmlNewParserCtxt();
	if (!ctxt) {
		snprintf(reason, reason_size, "no memory");
		return -ENOMEM;
	}
	ctxt->_private = &stopped;
	ctxt->sax->internalSubset = on_doctype;
	ctxt->sax->externalSubset = on_doctype;
	ctxt->sax->startElementNs = on_element;
	doc = xmlCtxtReadMemory(ctxt, bytes, size, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (stopped) {
		xmlFreeDoc(doc);
		if (stopped == STOPPED_DOCTYPE) {
			snprintf(reason, reason_size, "it has a document type");
			return -EINVAL;
		}
		snprintf(reason, reason_size, "nested more than %d deep", XML_MAX_DEPTH);
		return -E2BIG;
	}
	/* a prefix that is not declared is no error to libxml2, but nothing that libvirt knows */
	if (!doc || !ctxt->nsWellFormed) {
		xmlFreeDoc(doc);
		why_not(ctxt, reason, reason_size);
		return -EINVAL;
	}
	*ret_doc = doc;
	return 0;
}

int xml_bytes(xmlDoc *doc, char **ret_bytes, size_t *ret_size)
{
	xmlBuffer *buffer = xmlBufferCreate();
	xmlSaveCtxt *save;
	int r = -ENOMEM;

	if (!buffer)
		return -ENOMEM;
	save = xmlSaveToBuffer(buffer, "UTF-8", XML_SAVE_NO_DECL | XML_SAVE_AS_XML);
	if (save) {
		r = xmlSaveDoc(save, doc) < 0 ? -ENOMEM : 0;
		if (xmlSaveClose(save) < 0)
			r = -ENOMEM;
	}
	if (!r) {
		*ret_size = xmlBufferLength(buffer);
		*ret_bytes = malloc(*ret_size + 1);
		if (*ret_bytes)
			memcpy(*ret_bytes, xmlBufferContent(buffer), *ret_size + 1);
		else
			r = -ENOMEM;
	}
	xmlBufferFree(buffer);
	return r;
}

bool xml_is(const xmlNode *node, const char *ns, const char *name)
{
	if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name))
		return false;
	if (!ns || !node->ns)
		return !ns && !node->ns;
	return !strcmp((const char *)node->ns->href, ns);
}

static xmlNode *from(xmlNode *node, const char *ns, const char *name)
{
	while (node && !xml_is(node, ns, name))
		node = node->next;
	return node;
}

xmlNode *xml_child(const xmlNode *node, const char *ns, const char *name)
{
	return node ? from(node->children, ns, name) : NULL;
}

xmlNode *xml_next(const xmlNode *after, const char *ns, const char *name)
{
	return from(after->next, ns, name);
}

int xml_attr(const xmlNode *node, const char *name, char *ret, size_t size)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
	int r = 0;

	ret[0] = '\0';
	if (!value)
		return -ENOENT;
	if (strlen((const char *)value) < size)
		strcpy(ret, (const char *)value);
	else
		r = -E2BIG;
	xmlFree(value);
	return r;
}

bool xml_attr_is(const xmlNode *node, const char *name, const char *value)
{
	char text[64];

	return !xml_attr(node, name, text, sizeof(text)) && !strcmp(text, value);
}
