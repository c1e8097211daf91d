/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarded headers (contract in forwarded.h). The grammar of Forwarded is RFC 7239 §4: elements
 * separated by commas, pairs by semicolons, values as token or quoted string. A header that breaks
 * it is ignored as a whole: half of it could be somebody else's half.
 */
#include "http/forwarded.h"

#include "base/strbuf.h"
#include "base/vec.h"

enum { HOPS_MAX = 64, VALUE_MAX = 512 };

static struct str last_of(struct str list)
{
	size_t comma = str_rfind(list, ',');
	return str_trim(comma == STR_NONE ? list : str_skip(list, comma + 1));
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_of(struct str text, const char *marks)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_plain(text.p[i]) && (!text.p[i] || !strchr(marks, text.p[i])))
			return false;
	return true;
}

bool http_host_valid(struct str text)
{
	return text.n > 0 && text.n <= VALUE_MAX && all_of(text, "-._~:[]");
}

static void take_scheme(struct str text, struct http_forwarded *forwarded)
{
	if (str_eq_nocase(text, STR("https")))
		forwarded->scheme = STR("https");
	else if (str_eq_nocase(text, STR("http")))
		forwarded->scheme = STR("http");
}

static void take_host(struct str text, struct http_forwarded *forwarded)
{
	if (http_host_valid(text))
		forwarded->host = text;
}

void http_forwarded_scheme(struct str list, struct http_forwarded *forwarded)
{
	take_scheme(last_of(list), forwarded);
}

void http_forwarded_host(struct str list, struct http_forwarded *forwarded)
{
	take_host(last_of(list), forwarded);
}

void http_forwarded_prefix(struct str list, struct http_forwarded *forwarded)
{
	struct str text = last_of(list);
	while (str_ends(text, STR("/")))
		text = str_sub(text, 0, text.n - 1);
	/* "//host" would make another host of a path. */
	if (text.n <= VALUE_MAX && str_starts(text, STR("/")) && !str_starts(text, STR("//")) &&
		all_of(text, "-._~/"))
		forwarded->prefix = text;
}

/* One step outwards. False: the way ends here. */
static bool step(
	struct str node, const struct http_networks *trusted, struct http_forwarded *forwarded)
{
	struct http_address address;
	if (!http_networks_hold(trusted, &forwarded->client) ||
		!http_address_parse(node, true, &address))
		return false;
	forwarded->client = address;
	return true;
}

void http_forwarded_for(
	struct str list, const struct http_networks *trusted, struct http_forwarded *forwarded)
{
	for (unsigned hops = 0; list.n && hops < HOPS_MAX; hops++) {
		size_t comma = str_rfind(list, ',');
		if (!step(last_of(list), trusted, forwarded))
			return;
		list = str_sub(list, 0, comma == STR_NONE ? 0 : comma);
	}
}

/* --- Forwarded */

struct hop {
	struct str node; /* for= */
	struct str scheme;
	struct str host;
};

static void skip_blanks(struct str *rest)
{
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		*rest = str_skip(*rest, 1);
}

/* RFC 9110 §5.6.2; the marks that a value often holds without quotes (":", "[", "]", "/") are
 * taken, too, because proxies write them. */
static bool take_token(struct str *rest, const char *marks, struct str *token)
{
	size_t n = 0;
	while (n < rest->n && (is_plain(rest->p[n]) || (rest->p[n] && strchr(marks, rest->p[n]))))
		n++;
	*token = str_sub(*rest, 0, n);
	*rest = str_skip(*rest, n);
	return n > 0;
}

static bool take_quoted(struct arena *arena, struct str *rest, struct str *value)
{
	AUTO_STRBUF struct strbuf text = STRBUF(VALUE_MAX);
	size_t i = 1;
	for (; i < rest->n && rest->p[i] != '"'; i++) {
		if (rest->p[i] == '\\' && ++i == rest->n)
			return false;
		strbuf_add(&text, &rest->p[i], 1);
	}
	if (i >= rest->n || strbuf_failed(&text))
		return false;
	*rest = str_skip(*rest, i + 1);
	*value = arena_str(arena, strbuf_view(&text));
	return true;
}

static bool take_pair(struct arena *arena, struct str *rest, struct hop *hop)
{
	struct str name;
	struct str value;
	if (!take_token(rest, "!#$%&'*+-.^_`|~", &name) || !rest->n || rest->p[0] != '=')
		return false;
	*rest = str_skip(*rest, 1);
	bool good = rest->n && rest->p[0] == '"' ? take_quoted(arena, rest, &value)
						 : take_token(rest, "!#$%&'*+-.^_`|~:[]/", &value);
	if (!good)
		return false;
	if (str_eq_nocase(name, STR("for")))
		hop->node = value;
	else if (str_eq_nocase(name, STR("proto")))
		hop->scheme = value;
	else if (str_eq_nocase(name, STR("host")))
		hop->host = value;
	return true;
}

/* "for=a;proto=b": to the comma or the end. */
static bool take_hop(struct arena *arena, struct str *rest, struct hop *hop)
{
	*hop = (struct hop){ .node = STR_NULL };
	for (;;) {
		skip_blanks(rest);
		if (rest->n && rest->p[0] != ';' && rest->p[0] != ',' &&
			!take_pair(arena, rest, hop))
			return false;
		skip_blanks(rest);
		if (!rest->n || rest->p[0] == ',')
			return true;
		if (rest->p[0] != ';')
			return false;
		*rest = str_skip(*rest, 1);
	}
}

bool http_forwarded_rfc(struct arena *arena, struct str header, const struct http_networks *trusted,
	struct http_forwarded *forwarded)
{
	struct hop hops[HOPS_MAX];
	size_t count = 0;
	struct str rest = header;
	for (;;) {
		if (count == HOPS_MAX || !take_hop(arena, &rest, &hops[count++]))
			return false;
		if (!rest.n)
			break;
		rest = str_skip(rest, 1);
	}
	take_scheme(hops[count - 1].scheme, forwarded);
	take_host(hops[count - 1].host, forwarded);
	while (count && step(hops[count - 1].node, trusted, forwarded))
		count--;
	return true;
}
