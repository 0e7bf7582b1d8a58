namespace Totem.Core.Ordering;

/// <summary>
/// How many frames a holder may multicast (wire.md section 10.4). The token carries two sums over all members, what was
/// sent in the last rotation and what waits; each member replaces its own share on every visit.
/// </summary>
internal sealed class FlowControl(int windowSize, int perVisitMax)
{
    private uint _backlogLast;

    /// <summary>Our own share of the sum: what we sent on our last visit.</summary>
    public uint SentLast { get; private set; }

    /// <summary>The limit for this visit, retransmissions included.</summary>
    /// <param name="flowControlCount">fcc as it came on the token.</param>
    /// <param name="backlog">The backlog as it came on the token.</param>
    /// <param name="queued">What waits here now.</param>
    public int Allowed(uint flowControlCount, uint backlog, int queued)
    {
        var window = (uint)windowSize;
        // A sum beyond the window leaves nothing. (corosync's difference wraps here and then limits nothing.)
        var allowed = Math.Min((uint)perVisitMax, flowControlCount >= window ? 0 : window - flowControlCount);
        var total = unchecked(backlog + (uint)queued - _backlogLast);
        if (total != 0)
        {
            var share = (ulong)window * _backlogLast / total;
            if (share > 0)
                allowed = (uint)Math.Min(allowed, share);
        }

        return (int)allowed;
    }

    /// <summary>Replaces our shares; returns the sums that go on with the token. They never fall below zero.</summary>
    public (uint FlowControlCount, uint Backlog) Account(uint flowControlCount, uint backlog, int queued, int sent)
    {
        var others = flowControlCount >= SentLast ? flowControlCount - SentLast : 0;
        var othersBacklog = backlog >= _backlogLast ? backlog - _backlogLast : 0;
        (SentLast, _backlogLast) = ((uint)sent, (uint)queued);
        return (others + SentLast, othersBacklog + _backlogLast);
    }
}
