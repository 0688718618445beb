-- What a delivery waits for is written where it is held or deferred: at its birth by ingress, later by the worker.
grant insert (waits_for) on delivery to posthouse_ingress;
grant update (waits_for) on delivery to posthouse_worker;
