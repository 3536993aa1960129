package doctor

import "time"

// Owner is about whose the state directory is. Copied is when it was found to be
// a copy or restored from one, before the node that it belonged to until lately;
// both are zero of a directory that is simply this node's.
func Owner(node, before string, copied time.Time) Finding {
	const check = "state"
	switch {
	case before != "":
		return fine(check, "the directory was node %s's, and this is %s: frames from before are delivered as that node's", before, node).
			or(Warning, "none if the node was given another name; else stop the agent and remove the directory, unless what it holds is to be delivered from here")
	case !copied.IsZero():
		return fine(check, "the directory is a copy, or was restored from one (noticed %s): what log files held then may have been delivered before", copied.Format(time.DateTime)).
			or(Warning, "none if that was meant; repetitions have known ids, which Elasticsearch recognises")
	}
	return fine(check, "the directory is node %s's own", node)
}
