namespace Totem.Core.Groups;

/// <summary>The messages of corosync's cfg service that ask for something (WIRE §14.6).</summary>
internal static class CfgMessage
{
    public static bool TryReadKill(ReadOnlySpan<byte> message, out ProcessorId victim, out ReadOnlySpan<byte> reason)
    {
        victim = default;
        reason = default;
        if (message.Length < ServiceFormat.KillBytes
            || ServiceFormat.I32(message, ServiceFormat.IdOffset) != ServiceFormat.KillId)
            return false;
        victim = new ProcessorId(ServiceFormat.U32(message, ServiceFormat.KillNodeOffset));
        var length = Math.Min(
            (int)(ushort)ServiceFormat.U32(message, ServiceFormat.KillReasonLengthOffset), ServiceFormat.KillReasonMax);
        reason = message.Slice(ServiceFormat.KillReasonOffset, length);
        return true;
    }

    /// <summary>All are asked to read their configuration again.</summary>
    public static bool IsReload(ReadOnlySpan<byte> message) =>
        message.Length >= ServiceFormat.ReloadBytes
            && ServiceFormat.I32(message, ServiceFormat.IdOffset) == ServiceFormat.ReloadId;

    /// <summary>The sender takes a step in a change of keys.</summary>
    public static bool TryReadKeyStep(ReadOnlySpan<byte> message, out int phase)
    {
        phase = 0;
        if (message.Length < ServiceFormat.KeyStepBytes
            || ServiceFormat.I32(message, ServiceFormat.IdOffset) != ServiceFormat.KeyStepId)
            return false;
        phase = ServiceFormat.I32(message, ServiceFormat.KeyStepPhaseOffset);
        return phase is 1 or 2;
    }
}
