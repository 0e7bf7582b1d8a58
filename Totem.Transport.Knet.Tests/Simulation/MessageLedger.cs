using System.Buffers.Binary;

namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>
/// Messages that were sent, by whom, to whom; and those that were handed up. The property of everything: what is handed
/// up is what was sent, to this receiver, at most once in its life.
/// </summary>
internal sealed class MessageLedger
{
    public const int HeaderBytes = 16;

    private readonly Dictionary<(ushort Sender, uint Serial), (ushort Destination, int Bytes)> _sent = [];
    private readonly HashSet<(ushort Receiver, int Life, ushort Sender, uint Serial)> _delivered = [];
    private uint _serials;

    public int SentCount => _sent.Count;

    public int DeliveredCount => _delivered.Count;

    /// <summary>Makes a message that tells on arrival what it should be.</summary>
    public byte[] Write(ushort sender, ushort destination, int bytes)
    {
        var message = new byte[Math.Max(bytes, HeaderBytes)];
        var serial = ++_serials;
        BinaryPrimitives.WriteUInt16LittleEndian(message, sender);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), destination);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), serial);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), message.Length);
        for (var i = HeaderBytes; i < message.Length; i++)
            message[i] = Content(serial, i);
        _sent.Add((sender, serial), (destination, message.Length));
        return message;
    }

    /// <summary>A machine hands a message up.</summary>
    /// <exception cref="LedgerException">The property is broken.</exception>
    public uint Deliver(ushort receiver, int life, in KnetMessage message)
    {
        var bytes = message.Bytes;
        Must(bytes.Length >= HeaderBytes, $"a message of {bytes.Length} bytes was handed up that nobody sent");
        var serial = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        Must(_sent.TryGetValue((message.Sender, serial), out var sent),
            $"{receiver} was handed {serial} of {message.Sender}, which was never sent");
        Must(sent.Bytes == bytes.Length,
            $"{receiver} was handed {bytes.Length} bytes of {serial} of {message.Sender}, {sent.Bytes} were sent");
        Must(sent.Destination == 0 || sent.Destination == receiver,
            $"{receiver} was handed {serial}, which was for {sent.Destination}");
        Must(message.IsBroadcast == (sent.Destination == 0),
            $"{serial} of {message.Sender} says that it is a multicast: {message.IsBroadcast}");
        for (var i = HeaderBytes; i < bytes.Length; i++)
            Must(bytes[i] == Content(serial, i),
                $"byte {i} of {serial} of {message.Sender} at {receiver} is not what was sent");
        Must(_delivered.Add((receiver, life, message.Sender, serial)),
            $"{receiver} was handed {serial} of {message.Sender} twice");
        return serial;
    }

    public bool IsDelivered(ushort receiver, int life, ushort sender, uint serial) =>
        _delivered.Contains((receiver, life, sender, serial));

    public uint LastSerial => _serials;

    private static byte Content(uint serial, int index) => (byte)((serial * 31) + (uint)(index / 7));

    private static void Must(bool holds, string otherwise)
    {
        if (!holds)
            throw new LedgerException(otherwise);
    }
}

/// <summary>A machine handed up what it should not have.</summary>
internal sealed class LedgerException(string message) : Exception(message);
