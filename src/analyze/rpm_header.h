/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header blob of one installed rpm, which all forms of the rpm database hold, and from there to
 * a package. Inside analyze/ only.
 */
#ifndef ANALYZE_RPM_HEADER_H
#define ANALYZE_RPM_HEADER_H

#include "analyze/analyzer.h"

/*
 * Appends the package that the blob describes, and the files it owns. Blobs that are no packages
 * (without a name) are damage. Text is copied.
 */
int rpm_header_read(struct str blob, struct analyze_sink *sink, struct err *err) MUST_CHECK;

/*
 * "bash-5.1.8-4.el9.src.rpm" → "bash", "5.1.8-4.el9": split from the right, because names have
 * dashes. False when it is not of this form ("(none)").
 */
bool rpm_source_split(struct str file, struct str *name, struct str *version);

/*
 * Fills name, version and source of a package from the texts of a database. epoch "" or "0" or
 * "(none)" is none. A source package has no epoch of its own in there: it takes that of the package
 * if version and release are the same, else none. The results borrow from arena and the arguments.
 */
struct rpm_texts {
	struct str name, epoch, version, release, source_rpm;
};
void rpm_package_fill(struct arena *arena, const struct rpm_texts *texts, struct package *package);

#endif
