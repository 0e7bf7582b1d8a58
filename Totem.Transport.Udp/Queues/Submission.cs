using Totem.Core.Time;

namespace Totem.Transport.Udp.Queues;

/// <summary>The kinds of submissions.</summary>
internal enum SubmissionKind : byte
{
    /// <summary>A message to all members of the ring.</summary>
    Ring,

    /// <summary>A message of a service of corosync's.</summary>
    Service,

    /// <summary>A message to a group.</summary>
    Group,

    /// <summary>A part of a message to a group.</summary>
    Part,

    /// <summary>A process leaves its group. In the same queue, so that it comes behind what the
    /// process has said.</summary>
    Leave,
}

/// <summary>Something on its way from any thread to the engine.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Guarantee">Agreed or safe.</param>
/// <param name="Group">Which group of this node sends it.</param>
/// <param name="Offset">Part: where in the whole it begins. Leave: the reason.</param>
/// <param name="WholeBytes">Part: the length of the whole.</param>
internal readonly record struct Submission(
    SubmissionKind Kind, Guarantee Guarantee, int Group = 0, int Offset = 0, int WholeBytes = 0);

/// <summary>Hands a submission to the engine.</summary>
internal delegate SubmitResult SubmissionHandler(in Submission submission, ReadOnlySpan<byte> payload, Instant now);
