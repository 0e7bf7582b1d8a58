using Totem.Tests.Corosync;
using Totem.Tests.Mutation;

namespace Totem.Tests;

/// <summary>This assembly as a program: the sweep over conditions, or a process of a member of
/// ours, which tests start.</summary>
internal static class TestProgram
{
    public static Task<int> Main(string[] arguments) =>
        arguments is ["sweep", .. var rest] ? Task.FromResult(SweepProgram.Run(rest))
            : GroupNodeProgram.RunAsync(arguments);
}
