using System.Reflection;
using Totem.Tests.Tidy;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>Every check of the contract and every fault of the drivers before ours has a test that
/// names it, or a reason why not.</summary>
public sealed class CheckTableTests
{
    private static readonly Dictionary<string, string> Without = new(StringComparer.Ordinal)
    {
        ["A15"] = "sheepdog's own functional tests need sheepdog's sources, which are not here; minisheep stands in "
            + "for the daemon",
        ["F-27"] = "a megabyte of stack for each event: there are no such buffers, and a managed stack cannot be "
            + "taken so",
        ["F-33"] = "two loggers that share a semaphore: not a driver's, and ours share nothing but what the "
            + "option names",
    };

    [Fact]
    public void Each_number_has_a_test_or_a_reason()
    {
        // The checks of DRIVER §14 and the faults of DRIVER §10, as the document lists them.
        var numbers = new Citations().Numbers.Where(x => x[0] is 'A' or 'F').ToList();
        Assert.True(numbers.Count > 40, $"{numbers.Count} numbers; the search finds too little");

        var tested = Tested();
        Assert.DoesNotContain(numbers, x => !tested.Contains(x) && !Without.ContainsKey(x));
        Assert.DoesNotContain(Without.Keys, tested.Contains);
        Assert.Empty(tested.Except(numbers));
    }

    private static HashSet<string> Tested() =>
    [
        .. typeof(CheckTableTests).Assembly.GetTypes()
            .SelectMany(x => x.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(x => x.GetCustomAttribute<FactAttribute>() is not null)
            .SelectMany(x => x.GetCustomAttribute<CheckAttribute>()?.Numbers ?? []),
    ];
}
