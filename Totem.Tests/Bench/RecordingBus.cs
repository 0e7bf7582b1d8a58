using System.Collections.Concurrent;
using Totem.Bench.Load;

namespace Totem.Tests.Bench;

/// <summary>A bus that keeps what is sent, as long as it has room.</summary>
internal sealed class RecordingBus(int room) : IOrderedBus
{
    // A bound for a test that goes wrong, far above what a busy core needs.
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly BlockingCollection<byte[]> _sent = [];
    private int _room = room;

    public uint Self => 1;

    public BusCounters Counters => default;

    /// <summary>Messages that were sent and not taken.</summary>
    public int Waiting => _sent.Count;

    public bool TrySend(ReadOnlySpan<byte> message)
    {
        if (Interlocked.Decrement(ref _room) < 0)
        {
            Interlocked.Increment(ref _room);
            return false;
        }

        _sent.Add(message.ToArray());
        return true;
    }

    /// <summary>Waits for the next message that is sent.</summary>
    public MessageHeader Take()
    {
        Assert.True(_sent.TryTake(out var message, Limit), "nothing was sent");
        return MessageHeader.Read(message);
    }

    /// <summary>Makes room.</summary>
    public void MakeRoom(int count) => Interlocked.Add(ref _room, count);

    public ValueTask DisposeAsync()
    {
        _sent.Dispose();
        return ValueTask.CompletedTask;
    }
}
