using System.Buffers.Binary;
using Totem.Transport.Knet.Keys;

namespace Totem.Transport.Knet;

/// <summary>
/// One member's part in a change of keys (KNET §17.3). The ring's total order leads it: the reload is a message that
/// all deliver, and each member then takes two steps, each when it has delivered a message of its own that announces
/// it.
/// </summary>
internal sealed class KeyChange(KnetMachine machine)
{
    /// <summary>The length of the message that announces a step: a header of 16 bytes, the phase, padding.</summary>
    public const int MessageBytes = 24;

    /// <summary>The length of the message that asks all for a reload.</summary>
    public const int ReloadBytes = 32;

    private const int MessageId = (1 << 16) | 4;
    private const int ReloadId = (1 << 16) | 3;
    private const int SourceOffset = 16;
    private const int SizeOffset = 8;
    private const int PhaseOffset = 16;

    private uint _due;

    /// <summary>A message is to be multicast on the ring, by <see cref="TakeMessage"/>.</summary>
    public bool HasMessage => _due != 0;

    /// <summary>The reload was delivered, and the file names other keys. Packets of those who are ahead are read from
    /// now on.</summary>
    /// <param name="next">The machine disposes it.</param>
    public void HandleReload(KeySet next)
    {
        machine.LoadKeys(next);
        _due = 1;
    }

    /// <summary>Takes the message that is to be multicast.</summary>
    public void TakeMessage(Span<byte> message)
    {
        message[..MessageBytes].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(message, MessageId);
        BinaryPrimitives.WriteInt32LittleEndian(message[SizeOffset..], MessageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message[PhaseOffset..], _due);
        _due = 0;
    }

    /// <summary>A message of the cfg service was delivered that announces a step of its sender; ours is the one that
    /// moves us.</summary>
    /// <returns>False for other messages.</returns>
    public bool HandleDelivered(ReadOnlySpan<byte> message, bool isOurs)
    {
        if (!TryRead(message, out var phase))
            return false;
        if (isOurs)
            HandleOwnStep((int)phase);
        return true;
    }

    /// <summary>Our own message that announces this step was delivered.</summary>
    public void HandleOwnStep(int phase)
    {
        if (phase == 1 && machine.RekeyPhase == RekeyPhase.Loaded)
        {
            machine.UseLoadedKeys();
            _due = 2;
        }
        else if (phase == 2 && machine.RekeyPhase == RekeyPhase.Switched)
        {
            machine.ForgetOldKeys();
        }
    }

    /// <summary>Writes the message that asks all members of the ring for a reload.</summary>
    public static void WriteReload(Span<byte> message, uint node)
    {
        message[..ReloadBytes].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(message, ReloadId);
        BinaryPrimitives.WriteInt32LittleEndian(message[SizeOffset..], ReloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message[SourceOffset..], node);
    }

    private static bool TryRead(ReadOnlySpan<byte> message, out uint phase)
    {
        phase = 0;
        if (message.Length < MessageBytes || BinaryPrimitives.ReadInt32LittleEndian(message) != MessageId)
            return false;
        phase = BinaryPrimitives.ReadUInt32LittleEndian(message[PhaseOffset..]);
        return phase is 1 or 2;
    }
}
