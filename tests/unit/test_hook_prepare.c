// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what a domain's definition needs, and that it is one for libvirt then. */
#include <errno.h>
#include <libxml/relaxng.h>

#include "domain.h"
#include "prepare.h"

#define SCHEMA	"/usr/share/libvirt/schemas/domain.rng"

/* Prepare a text once; its new form, to be freed. */
static char *once(const char *text, const struct prepare_vf *vfs, bool override,
		  struct prepare *p)
{
	struct dom dom;
	char *bytes;
	size_t size;

	domain_read(text, &dom);
	assert_int_equal(prepare(&dom, vfs, false, override, p), 0);
	assert_int_equal(dom_bytes(&dom, &bytes, &size), 0);
	dom_free(&dom);
	return bytes;
}

static xmlRelaxNG *schema;

static int load_schema(void **state)
{
	xmlRelaxNGParserCtxt *ctxt = xmlRelaxNGNewParserCtxt(SCHEMA);

	(void)state;
	schema = xmlRelaxNGParse(ctxt);
	xmlRelaxNGFreeParserCtxt(ctxt);
	return schema ? 0 : -1;
}

static int free_schema(void **state)
{
	(void)state;
	xmlRelaxNGFree(schema);
	xmlRelaxNGCleanupTypes();
	return 0;
}

/* libvirt's own schema */
static bool is_valid(const char *text)
{
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(schema);
	struct dom dom;
	int r;

	domain_read(text, &dom);
	r = xmlRelaxNGValidateDoc(ctxt, dom.doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	dom_free(&dom);
	return !r;
}

static const char *line_of(char lines[][PREPARE_TEXT], size_t count, const char *words)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strstr(lines[i], words))
			return lines[i];
	return NULL;
}

/* Prepare, check that the outcome is valid and that a second time changes nothing. */
static char *twice(const char *text, const struct prepare_vf *vfs, bool override,
		   struct prepare *p)
{
	char *first = once(text, vfs, override, p), *second;
	struct prepare again;

	if (!is_valid(first))
		fail_msg("not valid for libvirt: %s", first);
	second = once(first, vfs, override, &again);
	if (again.change_count)
		fail_msg("a second time: %s", again.changes[0]);
	assert_string_equal(first, second);
	free(second);
	return first;
}

static void must_have(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no %s in: %s", words, text);
}

static void all_that_is_needed(void **state)
{
	const struct prepare_vf vf = { .here = HERE_OURS, .network = "lan1", .mac_set = true,
				       .mac = { 0x52, 0x54, 0, 1, 2, 3 }, .vlan = 7, .qos = 2 };
	char *text = domain_text("plain"), *done;
	struct prepare p;

	(void)state;
	assert_true(is_valid(text));
	done = twice(text, &vf, true, &p);
	assert_int_equal(p.vfs, 1);
	assert_int_equal(p.change_count, 6);
	assert_int_equal(p.note_count, 0);
	must_have(done, "\n  <description>Bob's &lt;shop&gt; &amp; more</description>\n  <metadata>\n"
		  "    <vferry:domain xmlns:vferry=\"urn:vferry:domain:1\" network=\"lan1\">\n"
		  "      <vferry:vf alias=\"ua-vf0\" mac=\"52:54:00:01:02:03\" vlan=\"7\" qos=\"2\"/>\n"
		  "    </vferry:domain>\n  </metadata>\n  <memory unit=\"KiB\">");
	must_have(done, "\n    <hostdev mode=\"subsystem\" type=\"pci\" managed=\"yes\">\n"
		  "      <driver name=\"vfio\" model=\"vferry_vfio\"/>\n      <source>\n");
	must_have(done, "      </source>\n      <alias name=\"ua-vf0\"/>\n      <address type=\"pci\"");
	must_have(done, "  </devices>\n  <qemu:override>\n    <qemu:device alias=\"ua-vf0\">\n"
		  "      <qemu:frontend>\n        <qemu:property name=\"enable-migration\" "
		  "type=\"string\" value=\"on\"/>\n      </qemu:frontend>\n    </qemu:device>\n"
		  "  </qemu:override>\n</domain>\n");
	must_have(done, "<domain xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\" type=\"kvm\">");
	free(done);
	free(text);
}

/* What the hook reads is what prepare has written. */
static void read_again(void **state)
{
	const struct prepare_vf vf = { .here = HERE_OURS, .network = "lan1", .mac_set = true,
				       .mac = { 0x52, 0x54, 0, 1, 2, 3 }, .vlan = 7, .qos = 2 };
	char *text = domain_text("plain"), *done;
	struct prepare p;
	struct dom dom;

	(void)state;
	done = twice(text, &vf, true, &p);
	domain_read(done, &dom);
	assert_string_equal(dom.devices[0].network, "lan1");
	assert_string_equal(dom.devices[0].alias, "ua-vf0");
	assert_true(dom.devices[0].migration);
	assert_true(dom.devices[0].named);
	assert_memory_equal(dom.devices[0].mac, vf.mac, 6);
	assert_int_equal(dom.devices[0].vlan, 7);
	assert_int_equal(dom.devices[0].qos, 2);
	assert_string_equal(dom.stray, "");
	dom_free(&dom);
	free(done);
	free(text);
}

static void no_more_than_needed(void **state)
{
	const struct prepare_vf vf = { .here = HERE_OURS };
	char *text = domain_text("plain"), *done;
	struct prepare p;

	(void)state;
	done = twice(text, &vf, false, &p);
	assert_int_equal(p.change_count, 2);	/* driver, alias */
	assert_null(strstr(done, "qemu:override"));
	assert_null(strstr(done, "metadata"));
	free(done);
	free(text);
}

static void no_vf(void **state)
{
	const struct prepare_vf vf = { .here = HERE_OTHER, .network = "lan1" };
	char *text = domain_text("plain"), *done, *as_it_was;
	struct prepare p;
	struct dom dom;
	size_t size;

	(void)state;
	done = once(text, &vf, true, &p);
	assert_int_equal(p.vfs + p.change_count + p.note_count, 0);
	domain_read(text, &dom);
	assert_int_equal(dom_bytes(&dom, &as_it_was, &size), 0);
	assert_string_equal(done, as_it_was);
	dom_free(&dom);
	free(as_it_was);
	free(done);
	free(text);
}

/* Three VFs, with some of it there already, and not all of that right */
static void some_is_there(void **state)
{
	const struct prepare_vf vfs[3] = {
		{ .here = HERE_NOTHING },
		{ .here = HERE_OURS, .network = "lan3", .mac_set = true, .mac = { 2 }, .vlan = 9 },
		{ .here = HERE_OURS, .network = "lan1", .mac_set = true, .mac = { 2 }, .vlan = 9 },
	};
	char *text = domain_text("migratable"), *done;
	struct prepare p;

	(void)state;
	done = twice(text, vfs, true, &p);
	assert_int_equal(p.vfs, 3);
	/* the interface: driver, and override; the second: the override's type */
	assert_int_equal(p.change_count, 3);
	assert_non_null(line_of(p.changes, p.change_count, "0000:01:10.2: driver"));
	assert_non_null(line_of(p.changes, p.change_count, "0000:01:10.2: QEMU"));
	assert_non_null(line_of(p.changes, p.change_count, "0000:81:10.5: QEMU"));
	assert_non_null(line_of(p.notes, p.note_count,
				"0000:81:10.5 is on network lan3 here, the domain says lan2"));
	assert_non_null(line_of(p.notes, p.note_count, "0000:81:10.3: no VF of vferry's is at"));
	assert_null(line_of(p.notes, p.note_count, "0000:01:10.2: no VF"));
	must_have(done, "<qemu:property name=\"x-pci-vendor-id\" type=\"unsigned\" value=\"1\"/>\n"
		  "        <qemu:property name=\"enable-migration\" type=\"string\" value=\"on\"/>");
	must_have(done, "    <qemu:device alias=\"ua-nic\">\n      <qemu:frontend>");
	must_have(done, "<![CDATA[a <hostdev> that is none]]>");
	must_have(done, "<!-- <hostdev mode='subsystem' type='pci'> -->");
	free(done);
	free(text);
}

static void aliases(void **state)
{
	const struct prepare_vf vf = { .here = HERE_OURS };
	char *text = domain_text("plain"), *edited, *done;
	struct prepare p;

	(void)state;
	/* libvirt's own alias is not kept */
	edited = domain_edit(text, "</source>\n      <address type='pci' domain='0x0000' bus='0x05'",
			     "</source>\n      <alias name='hostdev0'/>\n      <address type='pci' "
			     "domain='0x0000' bus='0x05'");
	done = twice(edited, &vf, true, &p);
	must_have(done, "<alias name=\"ua-vf0\"/>");
	assert_null(strstr(done, "hostdev0"));
	free(done);
	free(edited);
	/* nor is one taken that is something else's, or has been */
	edited = domain_edit(text, "<target dev='vda' bus='virtio'/>",
			     "<target dev='vda' bus='virtio'/>\n      <alias name='ua-vf0'/>");
	done = once(edited, &vf, true, &p);
	free(edited);
	edited = domain_edit(done, "<memory", "<metadata><v:domain xmlns:v='urn:vferry:domain:1'>"
			     "<v:vf alias='ua-vf2'/></v:domain></metadata><memory");
	free(done);
	done = domain_edit(edited, "<alias name=\"ua-vf1\"/>", "");
	free(edited);
	edited = twice(done, &vf, true, &p);
	must_have(edited, "<alias name=\"ua-vf3\"/>");	/* 1: of the override */
	assert_non_null(line_of(p.notes, p.note_count, "alias ua-vf2, which no device has"));
	free(edited);
	free(done);
	/* an override for it is of no use */
	edited = domain_edit(text, "  </devices>\n", "  </devices>\n  <qemu:override xmlns:qemu="
			     "'http://libvirt.org/schemas/domain/qemu/1.0'><qemu:device alias="
			     "'hostdev0'/></qemu:override>\n");
	done = once(edited, &vf, true, &p);
	assert_non_null(line_of(p.notes, p.note_count, "alias hostdev0"));
	free(done);
	free(edited);
	free(text);
}

static void networks(void **state)
{
	struct prepare_vf vfs[3] = {
		{ .here = HERE_OURS, .network = "lan1" }, { .here = HERE_OURS, .network = "lan2" },
		{ .here = HERE_OURS, .network = "lan2" },
	};
	char *text = domain_text("migratable"), *edited, *done;
	struct prepare p;

	(void)state;
	edited = domain_edit(text, " network=\"lan1\">\n      <vferry:vf alias=\"ua-vf1\" network=\"lan2\"",
			     ">\n      <vferry:vf alias=\"ua-vf1\"");
	done = twice(edited, vfs, true, &p);
	must_have(done, "<vferry:vf alias=\"ua-vf0\" network=\"lan1\"/>");
	must_have(done, "<vferry:vf alias=\"ua-nic\" network=\"lan2\"/>");
	must_have(done, "<vferry:vf alias=\"ua-vf1\" mac=\"52:54:00:0a:0b:0c\" vlan=\"7\" qos=\"3\" "
		  "network=\"lan2\"/>");
	free(done);
	strcpy(vfs[0].network, "lan2");
	done = twice(edited, vfs, true, &p);
	must_have(done, "<vferry:domain xmlns:vferry=\"urn:vferry:domain:1\" network=\"lan2\">");
	free(done);
	free(edited);
	free(text);
}

/* The prefixes are others' already. */
static void prefixes(void **state)
{
	const struct prepare_vf vf = { .here = HERE_OURS, .network = "lan1" };
	char *text = domain_text("plain"), *edited, *done;
	struct prepare p;

	(void)state;
	edited = domain_edit(text, "<domain type='kvm'>",
			     "<domain type='kvm' xmlns:qemu='urn:x' xmlns:vferry='urn:y'>");
	done = twice(edited, &vf, true, &p);
	must_have(done, "<qemu-x:override>");
	must_have(done, "=\"urn:vferry:domain:1\"");
	free(done);
	free(edited);
	edited = domain_edit(text, "<domain type='kvm'>", "<domain type='kvm' "
			     "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>");
	done = twice(edited, &vf, true, &p);
	must_have(done, "<q:override>");
	free(done);
	free(edited);
	free(text);
}

static void notes(void **state)
{
	static const struct {
		const char *limit, *words;
	} cases[] = {
		{ "<hard_limit unit='KiB'>2097151</hard_limit>", "<hard_limit> is 2097151 KiB" },
		{ "<hard_limit unit='MiB'>1024</hard_limit>", "<hard_limit> is 1048576 KiB" },
		{ "<hard_limit unit='GiB'>2</hard_limit>", NULL },
		{ "<hard_limit>2097152</hard_limit>", NULL },
		{ "<hard_limit unit='parsec'>1</hard_limit>", NULL },
	};
	const struct prepare_vf vf = { .here = HERE_OURS };
	char *text = domain_text("plain"), *edited, *done;
	struct prepare p;
	char tune[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		snprintf(tune, sizeof(tune), "  <memtune>%s</memtune>\n  <os>", cases[i].limit);
		edited = domain_edit(text, "  <os>", tune);
		done = once(edited, &vf, true, &p);
		if (!cases[i].words != !p.note_count ||
		    (cases[i].words && !line_of(p.notes, p.note_count, cases[i].words)))
			fail_msg("%s: %s", cases[i].limit, p.note_count ? p.notes[0] : "no note");
		free(done);
		free(edited);
	}
	edited = domain_edit(text, "mode='host-passthrough'", "mode='host-model'");
	done = once(edited, &vf, true, &p);
	assert_non_null(line_of(p.notes, p.note_count, "host-passthrough"));
	must_have(done, "host-model");
	free(done);
	free(edited);
	free(text);
}

/* Everything on one line, and children that are there but empty */
static void no_lines(void **state)
{
	static const char text[] = "<domain type='kvm'><name>n</name><uuid>c7a5fdbd-edaf-9455-926a-"
		"d65c16db1809</uuid><metadata/><memory>1024</memory><os><type>hvm</type></os><devices>"
		"<hostdev mode='subsystem' type='pci'><driver/><source><address domain='0' bus='1' "
		"slot='16' function='0'/></source></hostdev></devices></domain>";
	const struct prepare_vf vf = { .here = HERE_OURS, .network = "lan1" };
	struct prepare p;
	char *done;

	(void)state;
	done = twice(text, &vf, true, &p);
	must_have(done, "<driver name=\"vfio\" model=\"vferry_vfio\"/>");
	must_have(done, "network=\"lan1\"/>");
	free(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_needed),
		cmocka_unit_test(read_again),
		cmocka_unit_test(no_more_than_needed),
		cmocka_unit_test(no_vf),
		cmocka_unit_test(some_is_there),
		cmocka_unit_test(aliases),
		cmocka_unit_test(networks),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(notes),
		cmocka_unit_test(no_lines),
	};

	return cmocka_run_group_tests(tests, load_schema, free_schema);
}
