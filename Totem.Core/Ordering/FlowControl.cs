using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>
/// How many frames a holder may multicast (WIRE §10.4). The token carries two sums over all members, what was
/// sent in the last rotation and what waits; each member replaces its own share on every visit.
/// </summary>
/// <param name="windowSize">All members' limit in a rotation, until it grows.</param>
/// <param name="perVisitMax">One member's limit in a visit, until the window grows.</param>
/// <param name="members">How many share the window.</param>
internal sealed class FlowControl(int windowSize, int perVisitMax, int members)
{
    private uint _backlogLast;
    private bool _isAmongKin;

    /// <summary>The window all members share.</summary>
    public FlowWindow Window { get; } = new(windowSize, perVisitMax);

    /// <summary>Our own share of the sum: what we sent on our last visit.</summary>
    public uint SentLast { get; private set; }

    /// <summary>Our own share of what waits: what waited here on our last visit.</summary>
    public uint BacklogLast => _backlogLast;

    /// <summary>The limit for this visit, retransmissions included.</summary>
    /// <param name="flowControlCount">fcc as it came on the token.</param>
    /// <param name="backlog">The backlog as it came on the token.</param>
    /// <param name="queued">The backlog here now.</param>
    public int Allowed(uint flowControlCount, uint backlog, int queued)
    {
        Invariant.That(queued >= 0, "what waits is counted from nothing");
        var window = (uint)Window.Size;
        // Where corosync counts what we sent on our last visit, and leaves a part of the window
        // unused: this visit takes its place.
        var counted = _isAmongKin ? flowControlCount - Math.Min(SentLast, flowControlCount) : flowControlCount;
        // A sum beyond the window leaves nothing. (corosync's difference wraps here and then limits nothing.)
        var allowed = Math.Min((uint)Window.PerVisitMax, counted >= window ? 0 : window - counted);
        var total = unchecked(backlog + (uint)queued - _backlogLast);
        if (total != 0)
        {
            var share = (ulong)window * _backlogLast / total;
            if (share > 0)
                allowed = (uint)Math.Min(allowed, share);
        }

        // Others' windows may have grown further than ours: they must not leave us with nothing. All members' shares of
        // the first window together are no more than that window.
        return _isAmongKin ? Math.Max((int)allowed, Math.Max(1, windowSize / members)) : (int)allowed;
    }

    /// <summary>All members run this engine: the window may grow up to this, and those of others
    /// may whether ours does or not.</summary>
    public void LetGrow(int windowMax)
    {
        _isAmongKin = true;
        Window.LetGrow(windowMax);
    }

    /// <summary>Our visit goes on: so many more frames were numbered in it, by us or by who
    /// borrowed the token.</summary>
    public void Extend(int sent)
    {
        Invariant.That(sent >= 0, "a visit takes back nothing that it has sent");
        SentLast += (uint)sent;
    }

    /// <summary>Replaces our shares; returns the sums that go on with the token. They never fall below zero.</summary>
    /// <param name="flowControlCount">fcc as it came on the token.</param>
    /// <param name="backlog">The backlog as it came on the token.</param>
    /// <param name="queued">The backlog here before this visit.</param>
    /// <param name="sent">The frames multicast on this visit, retransmissions included.</param>
    /// <param name="isLossy">Somebody, or we ourselves, asked for a frame again.</param>
    public (uint FlowControlCount, uint Backlog) Account(
        uint flowControlCount, uint backlog, int queued, int sent, bool isLossy)
    {
        Invariant.That(sent >= 0 && queued >= 0, "shares of the sums on the token are not negative");
        var others = flowControlCount >= SentLast ? flowControlCount - SentLast : 0;
        // Seen from the token, not from our queue: who has nothing to send keeps pace with those who do, or would be
        // far behind on the day it has. One sender can fill no more than its share of a visit.
        if (_isAmongKin)
            Window.NoteVisit(
                isLossy, isFull: others + (uint)sent >= (uint)(Window.PerVisitMax - (Window.PerVisitMax / 8)));
        var othersBacklog = backlog >= _backlogLast ? backlog - _backlogLast : 0;
        (SentLast, _backlogLast) = ((uint)sent, (uint)queued);
        return (others + SentLast, othersBacklog + _backlogLast);
    }
}
