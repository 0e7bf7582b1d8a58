using System.Diagnostics.CodeAnalysis;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>A session's words to others: messages for the backend, events for sheep, lines for the operator.</summary>
internal sealed class SessionOutput
{
    private readonly Queue<byte[]> _messages = new();
    private readonly Queue<ClusterEvent> _events = new();
    private readonly Queue<ClusterNote> _notes = new();
    private long _waitingBytes;

    /// <summary>Whether there is anybody to read the notes.</summary>
    public bool WritesNotes { get; set; }

    public int EventCount => _events.Count;

    /// <summary>A session that lags this far behind is no longer served, since it may not hold up the others.</summary>
    public bool IsOverflown => _waitingBytes > ClusterLimits.MaxWaitingBytes;

    public void Send(ClusterMessage message) => _messages.Enqueue(message.Encode());

    public void Send(byte[] message) => _messages.Enqueue(message);

    public void Tell(ClusterEvent clusterEvent)
    {
        _waitingBytes += clusterEvent.Cost;
        _events.Enqueue(clusterEvent);
    }

    public void Note(ClusterLogLevel level, string text)
    {
        if (WritesNotes)
            _notes.Enqueue(new ClusterNote(level, text));
    }

    /// <summary>Counts an element that the session keeps back.</summary>
    public void CountKept(OrderedElement element) => _waitingBytes += element.Cost;

    /// <summary>The session no longer keeps an element back.</summary>
    public void CountReleased(OrderedElement element) => _waitingBytes -= element.Cost;

    public bool TryTakeMessage([NotNullWhen(true)] out byte[]? message) => _messages.TryDequeue(out message);

    public bool TryTakeNote(out ClusterNote note) => _notes.TryDequeue(out note);

    public bool TryTakeEvent([NotNullWhen(true)] out ClusterEvent? clusterEvent)
    {
        if (!_events.TryDequeue(out clusterEvent))
            return false;
        _waitingBytes -= clusterEvent.Cost;
        return true;
    }

    /// <summary>The session is over: nobody is to be told anything of it but why.</summary>
    public void Clear()
    {
        _events.Clear();
        _messages.Clear();
        _waitingBytes = 0;
    }
}
