/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What locks forbid (the table is in attributes.h). Every function is called inside the transaction
 * that acts on the answer, so a lock holds from the moment its own transaction is committed.
 */
#include "registry/private.h"

int registry_check_repository(
	struct db_conn *c, int64_t repository, unsigned forbidden, struct err *err)
{
	unsigned locks = 0;
	int rc = repository ? store_repository_locks(c, repository, &locks, err) : 0;
	if (rc < 0)
		return err_trace(err, rc);
	return locks & forbidden ? REGISTRY_LOCKED : 0;
}

int registry_check_name(
	struct db_conn *c, struct str repository, unsigned forbidden, struct err *err)
{
	int64_t id = 0;
	int rc = store_repository_find(c, repository, &id, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == STORE_ABSENT ? 0 : registry_check_repository(c, id, forbidden, err);
}

int registry_check_kept(struct db_conn *c, int64_t repository, struct str digest, struct err *err)
{
	int rc = registry_check_repository(c, repository, STORE_LOCK_WRITE, err);
	if (rc)
		return rc;
	rc = store_lock_holds(c, repository, digest, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == 0 ? REGISTRY_LOCKED : 0;
}

int registry_check_untag(struct db_conn *c, struct arena *arena, int64_t repository, struct str tag,
	struct str *digest, unsigned forbidden, struct err *err)
{
	struct store_tag_locks locks;
	int rc = store_tag_locks(c, arena, repository, tag, &locks, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT) {
		*digest = STR("");
		return 0;
	}
	*digest = locks.digest;
	bool locked = (locks.tag & forbidden) || (locks.manifest & STORE_LOCK_WRITE);
	return locked ? REGISTRY_LOCKED : 0;
}
