// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: a domain's XML, read and written with other VFs. */
#include <errno.h>

#include "domain.h"
#include "xml.h"

static void plain(void **state)
{
	char *text = domain_text("plain");
	struct dom dom;

	(void)state;
	domain_read(text, &dom);
	assert_string_equal(dom.name, "web");
	assert_string_equal(dom.uuid, "c7a5fdbd-edaf-9455-926a-d65c16db1809");
	assert_int_equal(dom.count, 1);		/* neither USB nor a libvirt network */
	assert_string_equal(dom.devices[0].source, "0000:01:10.0");
	assert_true(dom.devices[0].managed);
	assert_false(dom.devices[0].interface);
	assert_false(dom.devices[0].mac_known);
	assert_int_equal(dom.devices[0].vlan, -1);
	assert_string_equal(dom.devices[0].model, "");
	assert_string_equal(dom.devices[0].alias, "");
	assert_string_equal(dom.devices[0].network, "");
	dom_free(&dom);
	free(text);
}

static void migratable(void **state)
{
	char *text = domain_text("migratable");
	const struct dom_device *d;
	struct dom dom;

	(void)state;
	domain_read(text, &dom);
	assert_string_equal(dom.name, "db");
	assert_int_equal(dom.count, 3);		/* neither a comment nor CDATA nor a pool's */
	assert_string_equal(dom.stray, "");

	d = &dom.devices[0];
	assert_string_equal(d->source, "0000:81:10.3");
	assert_false(d->managed);
	assert_true(d->migration);
	assert_false(d->named);
	assert_string_equal(d->network, "lan1");
	assert_false(d->mac_known);

	d = &dom.devices[1];
	assert_string_equal(d->source, "0000:81:10.5");
	assert_true(d->managed);
	assert_false(d->migration);		/* of the wrong type */
	assert_true(d->named);
	assert_string_equal(d->network, "lan2");
	assert_true(d->mac_known);
	assert_memory_equal(d->mac, "\x52\x54\x00\x0a\x0b\x0c", 6);
	assert_int_equal(d->vlan, 7);
	assert_int_equal(d->qos, 3);

	d = &dom.devices[2];
	assert_true(d->interface);
	assert_string_equal(d->source, "0000:01:10.2");
	assert_memory_equal(d->mac, "\x52\x54\x00\x12\x34\x56", 6);
	assert_int_equal(d->vlan, 42);
	assert_string_equal(d->network, "lan1");
	dom_free(&dom);
	free(text);
}

/* The same bytes but for quotes and where name spaces stand, which is the same to XML */
static void assert_same(const char *got, const char *want)
{
	size_t i;

	got = strstr(got, "<name>");
	want = strstr(want, "<name>");

	for (i = 0; got[i] || want[i]; i++)
		if (got[i] != want[i] && !(got[i] == '"' && want[i] == '\''))
			fail_msg("at %zu: %.60s\nnot:\n%.60s", i, got + i, want + i);
}

static void moved(void **state)
{
	char *text = domain_text("migratable"), *want, *bytes;
	struct dom dom;
	size_t size;

	(void)state;
	domain_read(text, &dom);
	assert_int_equal(dom_move(&dom, 1, "00a1:02:1f.7"), 0);
	assert_string_equal(dom.devices[1].source, "00a1:02:1f.7");
	assert_int_equal(dom_move(&dom, 3, "0000:02:10.0"), -EINVAL);
	assert_int_equal(dom_move(&dom, 0, "0000:02:20.0"), -EINVAL);
	assert_int_equal(dom_bytes(&dom, &bytes, &size), 0);
	assert_int_equal(size, strlen(bytes));
	want = domain_edit(text, "domain='0x0000' bus='0x81' slot='0x10' function='0x5'",
			   "domain='0x00a1' bus='0x02' slot='0x1f' function='0x7'");
	assert_same(bytes, want);
	free(bytes);
	free(want);
	dom_free(&dom);
	free(text);
}

/* Without a prefix for the name space, as virsh metadata --set may leave it */
/* The definition that is kept has the VFs that the domain has. */
static void same_device(void **state)
{
	char *text = domain_text("migratable"), *edited, *nameless;
	struct dom live, kept, other;

	(void)state;
	domain_read(text, &live);
	edited = domain_edit(text, "slot='0x10' function='0x3'", "slot='0x11' function='0x1'");
	domain_read(edited, &kept);
	assert_string_equal(kept.devices[0].source, "0000:81:11.1");
	assert_ptr_equal(dom_same_device(&live, &kept.devices[0]), &live.devices[0]);
	assert_ptr_equal(dom_same_device(&live, &kept.devices[1]), &live.devices[1]);
	/* of another kind */
	kept.devices[0].interface = !kept.devices[0].interface;
	assert_null(dom_same_device(&live, &kept.devices[0]));
	/* by an alias that libvirt has given, or none */
	nameless = domain_edit(text, "<alias name='ua-", "<alias name='");
	domain_read(nameless, &other);
	assert_null(dom_same_device(&other, &other.devices[0]));
	other.devices[0].alias[0] = '\0';
	assert_null(dom_same_device(&other, &other.devices[0]));
	dom_free(&live);
	dom_free(&kept);
	dom_free(&other);
	free(text);
	free(edited);
	free(nameless);
}

static void other_prefix(void **state)
{
	char *text = domain_text("migratable"), *edited, *twice;
	struct dom dom;

	(void)state;
	edited = domain_edit(text, "<vferry:domain xmlns:vferry=\"urn:vferry:domain:1\"",
			     "<x:domain xmlns:x=\"urn:vferry:domain:1\"");
	twice = domain_edit(edited, "<vferry:vf alias", "<vf alias");
	free(edited);
	edited = domain_edit(twice, "</vferry:domain>", "</x:domain>");
	domain_read(edited, &dom);
	assert_string_equal(dom.devices[1].network, "lan2");
	assert_string_equal(dom.devices[0].network, "lan1");
	dom_free(&dom);
	free(edited);
	free(twice);
	free(text);
}

static void stray(void **state)
{
	char *text = domain_text("migratable");
	char *edited = domain_edit(text, "<vferry:vf alias=\"ua-vf1\"", "<vferry:vf alias=\"hostdev1\"");
	struct dom dom;

	(void)state;
	domain_read(edited, &dom);
	assert_string_equal(dom.stray, "hostdev1");
	assert_false(dom.devices[1].mac_known);
	dom_free(&dom);
	free(edited);
	free(text);
}

static void bad_values(void **state)
{
	static const struct {
		const char *from, *to, *words;
	} cases[] = {
		{ "<name>db</name>", "", "without a name" },
		{ "<name>db</name>", "<name></name>", "without a name" },
		{ "<uuid>0b5a", "<uuid>0b5a0b5a0b5a", "without a name or uuid" },
		{ "slot='0x10' function='0x3'", "slot='0x20' function='0x3'", "PCI address" },
		{ "slot='0x10' function='0x3'", "slot='16x' function='0x3'", "PCI address" },
		{ "slot='0x10' function='0x3'", "slot='-1' function='0x3'", "PCI address" },
		{ "slot='0x10' function='0x3'", "slot='0x10'", "PCI address" },
		{ "'52:54:00:12:34:56'", "'52:54:00:12:34'", "interface 0000:01:10.2" },
		{ "'52:54:00:12:34:56'", "'53:54:00:12:34:56'", "interface 0000:01:10.2" },
		{ "<tag id='42'/>", "<tag id='4095'/>", "interface 0000:01:10.2" },
		{ "<alias name='ua-vf1'/>", "<alias name='ua-vf0'/>", "two devices have the alias" },
		{ "vlan=\"7\"", "vlan=\"many\"", "metadata: vf ua-vf1" },
		{ "qos=\"3\"", "qos=\"8\"", "metadata: vf ua-vf1" },
		{ "mac=\"52:54:00:0a:0b:0c\"", "mac=\"52:54:00:0a:0b:0g\"", "metadata: vf ua-vf1" },
		{ "<vferry:vf alias=\"ua-vf1\"", "<vferry:vf", "without an alias" },
		{ "network=\"lan1\"", "network=\"a-label-that-is-longer-than-any-that-host.conf-"
		  "could-have-for-a-PF\"", "network's name" },
		{ "model='vferry_vfio'", "model='a-model-that-is-longer-than-any-driver-of-the-"
		  "kernel-could-ever-be'", "too long" },
	};
	char *text = domain_text("migratable");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		char *edited = domain_edit(text, cases[i].from, cases[i].to);
		struct dom dom;
		char reason[256];

		assert_true(dom_read(edited, strlen(edited), &dom, reason, sizeof(reason)) < 0);
		if (!strstr(reason, cases[i].words) || strchr(reason, '\n'))
			fail_msg("%s: %s", cases[i].words, reason);
		dom_free(&dom);
		free(edited);
	}
	free(text);
}

/* Read this text: what comes of it, and with which words? */
static int try(const char *text, size_t size, const char *words)
{
	char reason[256];
	struct dom dom;
	int r;

	r = dom_read(text, size, &dom, reason, sizeof(reason));
	if (words && !strstr(reason, words))
		fail_msg("%s: %s", words, reason);
	assert_null(strchr(reason, '\n'));
	dom_free(&dom);
	return r;
}

static void not_xml(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "not XML" },
		{ "words", "not XML: line 1" },
		{ "<domain>\n<name>", "not XML: line 2" },
		{ "<domain/><domain/>", "not XML: line 1" },
		{ "<domane/>", "not a <domain>" },
		{ "<domain xmlns='urn:other'/>", "not a <domain>" },
		{ "<domain>&hostdev;</domain>", "not XML" },
		{ "<domain><qemu:override/></domain>", "prefix qemu on override is not defined" },
		{ "<!DOCTYPE domain><domain/>", "document type" },
		{ "<!DOCTYPE domain SYSTEM '/etc/passwd'><domain/>", "document type" },
		{ "<!DOCTYPE d [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>"
		  "<!ENTITY c '&b;&b;&b;&b;&b;&b;'>]><domain>&c;</domain>", "document type" },
		{ "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain><name>&x;</name>"
		  "</domain>", "document type" },
		{ "<!DOCTYPE d [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]><domain/>",
		  "document type" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(try(cases[i].text, strlen(cases[i].text), cases[i].words), -EINVAL);
}

static void too_large(void **state)
{
	char *text = malloc(XML_MAX_SIZE + 64), *at;

	(void)state;
	memset(text, ' ', XML_MAX_SIZE + 64);
	memcpy(text, "<domain/>", 9);
	assert_int_equal(try(text, XML_MAX_SIZE, "without a name"), -EINVAL);
	assert_int_equal(try(text, XML_MAX_SIZE + 1, "longer than"), -E2BIG);

	/* one long text, and one long name: libxml2 has limits of its own, too */
	memcpy(text, "<domain><name>", 14);
	memset(text + 14, 'n', XML_MAX_SIZE - 14 - 16);
	memcpy(text + XML_MAX_SIZE - 16, "</name></domain>", 16);
	assert_int_equal(try(text, XML_MAX_SIZE, "too long one"), -EINVAL);

	/* exactly as deep as is allowed, and one deeper */
	at = text;
	at += sprintf(at, "<domain>");
	at += sprintf(at, "<name>n</name><uuid>u</uuid>");
	memset(at, 0, 64 * 10);
	for (size_t i = 1; i < XML_MAX_DEPTH; i++)
		strcat(text, "<x>");
	for (size_t i = 1; i < XML_MAX_DEPTH; i++)
		strcat(text, "</x>");
	strcat(text, "</domain>");
	assert_int_equal(try(text, strlen(text), NULL), 0);
	*strstr(text, "<x>") = '\0';
	for (size_t i = 0; i < XML_MAX_DEPTH; i++)
		strcat(text, "<x>");
	assert_int_equal(try(text, strlen(text), "deep"), -E2BIG);
	free(text);
}

static void concerns(void **state)
{
	char *text = domain_text("plain");

	(void)state;
	assert_true(dom_may_concern(text, strlen(text)));
	assert_false(dom_may_concern("<domain/>", 9));
	assert_false(dom_may_concern("", 0));
	assert_false(dom_may_concern("hostde", 6));
	free(text);
}

static void ours(void **state)
{
	struct dom_device plain_one = {}, model = {}, other = {}, named = { .named = true };

	(void)state;
	strcpy(model.model, "vferry-vfio");
	strcpy(other.model, "mlx5_vfio_pci");
	for (enum dom_here here = HERE_NOTHING; here <= HERE_OTHER; here++) {
		assert_true(dom_is_ours(&model, here, false));
		assert_false(dom_is_ours(&other, here, true));
		assert_true(dom_is_ours(&named, here, false));
	}
	strcpy(other.model, "vferry_vfio2");
	assert_false(dom_is_ours(&other, HERE_OURS, true));
	strcpy(other.model, "vferry");
	assert_false(dom_is_ours(&other, HERE_OURS, true));
	assert_true(dom_is_ours(&plain_one, HERE_OURS, false));
	assert_true(dom_is_ours(&plain_one, HERE_NIC, false));
	assert_false(dom_is_ours(&plain_one, HERE_OTHER, true));
	assert_true(dom_is_ours(&plain_one, HERE_NOTHING, true));
	assert_false(dom_is_ours(&plain_one, HERE_NOTHING, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(migratable),
		cmocka_unit_test(moved),
		cmocka_unit_test(same_device),
		cmocka_unit_test(other_prefix),
		cmocka_unit_test(stray),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(not_xml),
		cmocka_unit_test(too_large),
		cmocka_unit_test(concerns),
		cmocka_unit_test(ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
