using System.Buffers;
using Totem.Accord.Wire;
using Totem.Core.Time;

namespace Totem.Accord.Clients;

/// <summary>A request of a client that is not answered yet.</summary>
/// <param name="Id">The client's number for it.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="IsOrdered">It waits for its place in the order; otherwise for the requests before it.</param>
/// <param name="Local">The request, where it is executed here alone.</param>
/// <param name="Refusal">The answer, where there is nothing to execute.</param>
internal readonly record struct WaitingRequest(
    uint Id, int Bytes, bool IsOrdered, byte[]? Local, ResultCode Refusal);

/// <summary>A client of this conductor.</summary>
internal sealed class ClientSeat(long number, IBufferWriter<byte> output)
{
    /// <summary>Its number at this conductor.</summary>
    public long Number => number;

    /// <summary>The bytes it is to get. The host sends them, and closes a client that does not take them.</summary>
    public IBufferWriter<byte> Output => output;

    /// <summary>Its id, when it has one: it has come for all to see.</summary>
    public ulong? Id { get; set; }

    /// <summary>Its arrival is on its way.</summary>
    public bool IsJoining { get; set; }

    /// <summary>The connection is over.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Requests that are not answered, in the order in which they came.</summary>
    public Queue<WaitingRequest> Waiting { get; } = [];

    /// <summary>The bytes of them.</summary>
    public long WaitingBytes { get; set; }

    /// <summary>Notices of clients that come and go, kept back until then: the library of the original loses one that
    /// is there before its application has said whom to tell (ACCORD B-21).</summary>
    public Instant NoticesFrom { get; set; }

    /// <summary>Notices that are kept back.</summary>
    public Queue<byte[]> KeptNotices { get; } = [];

    /// <summary>The host knows that there is something to send.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Whether it is to be read no further until some of its requests are answered.</summary>
    public bool MustWait => Waiting.Count >= AccordLimits.UnansweredRequestsMax
        || WaitingBytes >= AccordLimits.UnansweredBytesMax;

    /// <inheritdoc />
    public override string ToString() => Id is { } id ? $"client {number} ({id:x})" : $"client {number}";
}
