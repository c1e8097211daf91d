/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alpine package versions:
 *
 *   digits ("." digits)* [a letter [digits]] ("_" word [digits])* ["~" hash] ["-r" digits]
 *
 * with the words alpha, beta, pre, rc (before the plain version, in this order) and cvs, svn, git,
 * hg, p (after it, in this order). A version is read as a list of pieces and two lists are compared
 * piece by piece. Where one list has another kind of piece than the other, the kind decides: see
 * enum kind, whose order is "greatest first", with the exception that a word that means "before"
 * loses against everything else, the end included.
 *
 * A component after the first that begins with zeros counts as a fraction would: 1.05 is below
 * 1.5. It is read as two pieces: the number of zeros (more zeros are less; none is more than any)
 * and the digits behind them. Numbers have any size, so that dates and long hashes of digits
 * compare right.
 *
 * The reference is `apk version -t` (the test data says with which release); the hash is newer than
 * that release and is valid only here. Versions with blanks, upper-case letters, empty components
 * or unknown words are not versions.
 */
#include "version/internal.h"

/* Greatest first; KIND_END ends every list. */
enum kind {
	KIND_NUMBER,	/* first digits; digits behind leading zeros or behind the letter */
	KIND_COMPONENT, /* "." and digits that do not begin with 0, or its leading zeros */
	KIND_LETTER,
	KIND_WORD,
	KIND_WORD_NUMBER,
	KIND_HASH,
	KIND_REVISION,
	KIND_END,
	KIND_BAD,
};

struct piece {
	enum kind kind;
	int rank;	   /* zeros as a negative count; the letter; the word (negative: before) */
	struct str digits; /* of a number; of KIND_HASH its text */
};

/* Words by rank; those below zero come before the plain version. */
static const struct {
	struct str text;
	int rank;
} words[] = {
	{ STR_INIT("alpha"), -4 },
	{ STR_INIT("beta"), -3 },
	{ STR_INIT("pre"), -2 },
	{ STR_INIT("rc"), -1 },
	{ STR_INIT("cvs"), 0 },
	{ STR_INIT("svn"), 1 },
	{ STR_INIT("git"), 2 },
	{ STR_INIT("hg"), 3 },
	{ STR_INIT("p"), 4 },
};

struct reader {
	struct str rest;
	enum kind last; /* kind of the piece before; KIND_END before the first */
	bool zeros;	/* that piece was leading zeros: digits may follow directly */
};

static struct str take(struct reader *reader, bool (*wanted)(char c))
{
	size_t n = 0;
	while (n < reader->rest.n && wanted(reader->rest.p[n]))
		n++;
	struct str text = str_sub(reader->rest, 0, n);
	reader->rest = str_skip(reader->rest, n);
	return text;
}

static bool is_zero(char c)
{
	return c == '0';
}

static bool is_hash(char c)
{
	return version_is_digit(c) || (c >= 'a' && c <= 'f');
}

static struct piece number(struct reader *reader, enum kind kind)
{
	struct str digits = take(reader, version_is_digit);
	return (struct piece){ digits.n ? kind : KIND_BAD, 0, digits };
}

static struct piece component(struct reader *reader)
{
	struct str zeros = take(reader, is_zero);
	if (!zeros.n)
		return number(reader, KIND_COMPONENT);
	reader->zeros = true;
	return (struct piece){ .kind = KIND_COMPONENT, .rank = -(int)zeros.n };
}

static struct piece word(struct reader *reader)
{
	struct str text = take(reader, version_is_lower);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_eq(text, words[i].text))
			return (struct piece){ .kind = KIND_WORD, .rank = words[i].rank };
	return (struct piece){ .kind = KIND_BAD };
}

static struct piece hash(struct reader *reader)
{
	struct str text = take(reader, is_hash);
	return (struct piece){ text.n ? KIND_HASH : KIND_BAD, 0, text };
}

/* The piece that begins with a mark: "." "_" "~" or "-r". */
static struct piece marked(struct reader *reader, enum kind last)
{
	char mark = *reader->rest.p;
	reader->rest = str_skip(reader->rest, 1);
	if (mark == '.' && last <= KIND_COMPONENT)
		return component(reader);
	if (mark == '_' && last <= KIND_WORD_NUMBER)
		return word(reader);
	if (mark == '~' && last <= KIND_WORD_NUMBER)
		return hash(reader);
	if (mark == '-' && last <= KIND_HASH && reader->rest.n && *reader->rest.p == 'r') {
		reader->rest = str_skip(reader->rest, 1);
		return number(reader, KIND_REVISION);
	}
	return (struct piece){ .kind = KIND_BAD };
}

static struct piece next_piece(struct reader *reader)
{
	enum kind last = reader->last;
	bool zeros = reader->zeros;
	reader->zeros = false;
	struct piece piece = { .kind = KIND_END };
	if (last == KIND_END)
		piece = number(reader, KIND_NUMBER);
	else if (!reader->rest.n)
		piece.kind = KIND_END;
	else if ((zeros || last == KIND_LETTER) && version_is_digit(*reader->rest.p))
		piece = number(reader, KIND_NUMBER);
	else if (last == KIND_WORD && version_is_digit(*reader->rest.p))
		piece = number(reader, KIND_WORD_NUMBER);
	else if (last <= KIND_COMPONENT && version_is_lower(*reader->rest.p)) {
		piece = (struct piece){ .kind = KIND_LETTER, .rank = *reader->rest.p };
		reader->rest = str_skip(reader->rest, 1);
	} else
		piece = marked(reader, last);
	reader->last = piece.kind;
	return piece;
}

bool version_apk_valid(struct str version)
{
	struct reader reader = { version, KIND_END, false };
	struct piece piece;
	do
		piece = next_piece(&reader);
	while (piece.kind < KIND_END);
	return piece.kind == KIND_END;
}

static int compare_same_kind(const struct piece *a, const struct piece *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->kind == KIND_HASH)
		return str_cmp(a->digits, b->digits);
	return version_compare_digits(a->digits, b->digits);
}

static int compare_kinds(const struct piece *a, const struct piece *b)
{
	if (a->kind == KIND_WORD && a->rank < 0)
		return -1;
	if (b->kind == KIND_WORD && b->rank < 0)
		return 1;
	return a->kind > b->kind ? -1 : 1;
}

int version_apk_compare(struct str a, struct str b)
{
	struct reader ra = { a, KIND_END, false };
	struct reader rb = { b, KIND_END, false };
	struct piece pa;
	struct piece pb;
	do {
		pa = next_piece(&ra);
		pb = next_piece(&rb);
		if (pa.kind != pb.kind)
			return compare_kinds(&pa, &pb);
		int order = compare_same_kind(&pa, &pb);
		if (order)
			return order;
	} while (pa.kind < KIND_END);
	return 0;
}
